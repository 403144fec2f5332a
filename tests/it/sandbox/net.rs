//! The network: offered to every guest, since language runtimes import it, and refused at every use.

use expect_test::expect;
use looplet_tests::guests;
use looplet_tests::harness::{Call, check, report};
use serde_json::json;

#[test]
fn no_socket_is_made_and_no_name_is_looked_up() {
    let came = Call::of(guests::NET_PROBE, json!({})).run();
    check(
        report(&came),
        expect![[r#"
        tcp over IPv4: access-denied
        tcp over IPv6: access-denied
        udp over IPv4: access-denied
        udp over IPv6: access-denied
        name `localhost`: permanent-resolver-failure
        name `secret.evil.test`: permanent-resolver-failure
        name `127.0.0.1`: permanent-resolver-failure"#]],
    );
}
