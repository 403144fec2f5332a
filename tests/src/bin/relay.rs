//! Passes connections on, from a network that a test has to itself to a socket of that test: what listens outside of
//! such a network cannot be reached from within.
//!
//! `relay PORT SOCKET COMMAND…` listens on every address there is, runs the command, and ends as it does.
#![allow(clippy::disallowed_methods, reason = "a program of the tests, which starts others and opens sockets")]

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::process::{Command, ExitCode};
use std::thread;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().expect("`relay PORT SOCKET COMMAND…`");
    let port = next().parse::<u16>().expect("a port is a number");
    let (socket, command) = (next(), next());
    let listener = TcpListener::bind(("0.0.0.0", port)).expect("the port is free");
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let server = UnixStream::connect(&socket).expect("the test listens");
            thread::spawn(move || pass_on(&client, &server));
        }
    });
    let status = Command::new(command).args(arguments).status().expect("the command starts");
    status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// Both ways, until both are over.
fn pass_on(client: &TcpStream, server: &UnixStream) {
    thread::scope(|scope| {
        scope.spawn(|| {
            let _ = io::copy(&mut { client }, &mut { server });
            let _ = server.shutdown(Shutdown::Write);
        });
        let _ = io::copy(&mut { server }, &mut { client });
        let _ = client.shutdown(Shutdown::Write);
    });
}
