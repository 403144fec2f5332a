//! Tries the network by the sockets of WASI, in every way that they offer.

use looplet_guest::prelude::*;
use wasip2::sockets::instance_network::instance_network;
use wasip2::sockets::ip_name_lookup::resolve_addresses;
use wasip2::sockets::network::{ErrorCode, IpAddressFamily};
use wasip2::sockets::tcp_create_socket::create_tcp_socket;
use wasip2::sockets::udp_create_socket::create_udp_socket;

/// Answers a line for each attempt.
#[looplet_guest::tool]
fn probe() -> Result<Text, Failure> {
    let network = instance_network();
    let lines = [
        ("tcp over IPv4", said(create_tcp_socket(IpAddressFamily::Ipv4))),
        ("tcp over IPv6", said(create_tcp_socket(IpAddressFamily::Ipv6))),
        ("udp over IPv4", said(create_udp_socket(IpAddressFamily::Ipv4))),
        ("udp over IPv6", said(create_udp_socket(IpAddressFamily::Ipv6))),
        ("name `localhost`", said(resolve(&network, "localhost"))),
        ("name `secret.evil.test`", said(resolve(&network, "secret.evil.test"))),
        ("name `127.0.0.1`", said(resolve(&network, "127.0.0.1"))),
    ];
    let lines = lines.map(|(what, came)| format!("{what}: {came}"));
    Ok(Text(lines.join("\n")))
}

/// The first address: some hosts refuse the question, others each answer.
fn resolve(network: &wasip2::sockets::network::Network, name: &str) -> Result<String, ErrorCode> {
    let addresses = resolve_addresses(network, name)?;
    addresses.subscribe().block();
    Ok(format!("{:?}", addresses.resolve_next_address()?))
}

fn said<T>(result: Result<T, ErrorCode>) -> &'static str {
    match result {
        Ok(_) => "reached",
        Err(code) => code.name(),
    }
}

looplet_guest::plugin!("net-probe", tools: [probe]);
