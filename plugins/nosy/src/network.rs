//! What it tries with the network: one connection, by the sockets of WASI.

use crate::Attempt;

/// Tries to open a connection to the machine itself.
#[cfg(target_arch = "wasm32")]
pub(crate) fn connect() -> Attempt {
    use wasip2::sockets::instance_network::instance_network;
    use wasip2::sockets::network::{ErrorCode, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress};
    use wasip2::sockets::tcp_create_socket::create_tcp_socket;

    const DISCARD: u16 = 9;
    let address = Ipv4SocketAddress { port: DISCARD, address: (127, 0, 0, 1) };
    let network = instance_network();
    let socket = match create_tcp_socket(IpAddressFamily::Ipv4) {
        Ok(socket) => socket,
        Err(code) => return Attempt::refused("network", said(code)),
    };
    let connected = socket.start_connect(&network, IpSocketAddress::Ipv4(address)).and_then(|()| {
        socket.subscribe().block();
        socket.finish_connect()
    });
    match connected {
        Ok(_) => Attempt::reached("network", "connected"),
        // An answer of the other side: the wall let the question through.
        Err(ErrorCode::ConnectionRefused | ErrorCode::ConnectionReset) => {
            Attempt::reached("network", "refused by the other side")
        }
        Err(code) => Attempt::refused("network", said(code)),
    }
}

#[cfg(target_arch = "wasm32")]
fn said(code: wasip2::sockets::network::ErrorCode) -> String {
    use wasip2::sockets::network::ErrorCode;
    match code {
        ErrorCode::AccessDenied => "refused".to_owned(),
        code => code.name().to_owned(),
    }
}

/// Off WebAssembly there is no wall to try.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn connect() -> Attempt {
    Attempt::refused("network", "not tried")
}
