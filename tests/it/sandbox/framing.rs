//! Lengths that a guest states falsely: a server that believed them would read one request as two.

use looplet_tests::guests;
use looplet_tests::harness::{Call, said};
use serde_json::json;

use super::http::granted;
use crate::canary::{Canary, answer};

#[test]
fn a_length_that_is_none_leaves_nothing() {
    let canary = Canary::start(|_| answer("200 OK", "", "ok"));
    let authority = granted(&[format!("* {}", canary.url("/**"))], &[]);
    for (headers, body) in [
        (json!([["content-length", "5"]]), None),
        (json!([["content-length", "-1"]]), None),
        (json!([["content-length", "2"]]), Some(3)),
        (json!([["content-length", "9"]]), Some(3)),
        (json!([["content_length", "9"]]), None),
        (json!([["Content_Length", "9"]]), Some(3)),
    ] {
        let arguments =
            json!({ "send": [format!("POST {}", canary.url("/"))], "headers": headers, "body_bytes": body });
        let report = Call::of(guests::HTTP_PROBE, arguments).with(authority.clone()).run();
        assert!(!said(&report).starts_with("200"), "{headers} {body:?}: {}", said(&report));
    }
    assert!(canary.seen().is_empty(), "{:?}", canary.seen());
    // The true one is no lie.
    let arguments = json!({ "send": [format!("POST {}", canary.url("/"))], "body_bytes": 3 });
    let report = Call::of(guests::HTTP_PROBE, arguments).with(authority).run();
    assert!(said(&report).starts_with("200"), "{}", said(&report));
    assert!(canary.seen()[0].contains("content-length: 3\r\n") && canary.seen()[0].ends_with("xxx"));
}
