//! Names of hosts as guests meet them, with a resolver that lies, changes its mind, and counts.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use looplet_host::capability::Authority;
use looplet_host::capability::http::{Egress, Lookup};
use looplet_host::plugin::GuestReport;
use looplet_host::refusal::RefusalReason;
use looplet_host::sandbox::Sandbox;
use looplet_host::sandbox::compiled::Compilation;
use looplet_tests::guests;
use looplet_tests::harness::{Call, block_on, said};
use serde_json::json;

use super::http::granted;
use crate::canary::{Canary, answer};

/// Answers each question with the next list, and the last one again.
struct Liar {
    answers: Vec<&'static [&'static str]>,
    asked: AtomicUsize,
}

#[async_trait]
impl Lookup for Liar {
    async fn addresses(&self, _: &str) -> std::io::Result<Vec<IpAddr>> {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed).min(self.answers.len() - 1);
        Ok(self.answers[asked].iter().map(|address| address.parse().unwrap()).collect())
    }
}

/// One call of a guest that sends these, and how often a name was asked for.
fn send(answers: &[&'static [&'static str]], authority: Authority, lines: &[String]) -> (GuestReport, usize) {
    let liar = Arc::new(Liar { answers: answers.to_vec(), asked: AtomicUsize::new(0) });
    let sandbox = Sandbox::with(Compilation::here(), Egress::new(Arc::clone(&liar) as Arc<dyn Lookup>)).unwrap();
    let plugin = block_on(sandbox.load("guest", std::fs::read(guests::HTTP_PROBE).unwrap())).unwrap();
    let report = Call::of_plugin(plugin, json!({ "send": lines })).inside(&sandbox).with(authority).run();
    (report, liar.asked.load(Ordering::Relaxed))
}

fn is_private(report: &GuestReport) -> bool {
    report.refusals.iter().any(|refusal| refusal.reason == RefusalReason::PrivateAddress)
}

#[test]
fn a_name_that_means_another_machine_a_moment_later_is_asked_for_once() {
    let canary = Canary::start(|_| answer("200 OK", "", "ok"));
    let url = format!("GET http://a.test:{}/", canary.port());
    let named = granted(&["GET http://*:*/**".to_owned()], &["127.0.0.0/8"]);
    let (report, asked) = send(&[&["127.0.0.1"], &["169.254.169.254"]], named, std::slice::from_ref(&url));
    assert!(said(&report).starts_with("200"), "{}", said(&report));
    assert_eq!((asked, canary.seen().len()), (1, 1));
}

#[test]
fn one_address_that_is_not_public_spoils_the_name() {
    let canary = Canary::start(|_| answer("200 OK", "", "ok"));
    let url = format!("GET http://a.test:{}/", canary.port());
    for answers in [
        &["127.0.0.1"] as &[&str],
        &["1.1.1.1", "127.0.0.1"],
        &["10.0.0.1"],
        &["172.16.0.1"],
        &["192.168.0.1"],
        &["100.64.0.1"],
        &["169.254.169.254"],
        &["0.0.0.0"],
        &["224.0.0.1"],
        &["255.255.255.255"],
        &["::"],
        &["::1"],
        &["fe80::1"],
        &["fc00::1"],
        &["ff02::1"],
        &["::ffff:127.0.0.1"],
        &["64:ff9b::7f00:1"],
        &["2606:4700::1111", "::ffff:10.0.0.1"],
    ] {
        let open = granted(&["GET http://*:*/**".to_owned()], &[]);
        let (report, _) = send(&[answers], open, std::slice::from_ref(&url));
        assert!(is_private(&report), "{answers:?}: {}", said(&report));
    }
    assert!(canary.seen().is_empty());
}

#[test]
fn a_name_that_is_not_granted_is_not_even_asked_for() {
    let granted = granted(&["GET http://b.test/**".to_owned()], &[]);
    let (report, asked) = send(&[&["1.1.1.1"]], granted, &["GET http://secret.a.test/".to_owned()]);
    assert_eq!(asked, 0, "{}", said(&report));
}
