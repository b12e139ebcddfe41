//! Where a server to try may listen, and what it is called there.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, ToSocketAddrs};

use crate::exit::Failure;

/// The address, with a free port in place of 0: the issuer holds the port and is fixed before the server listens.
pub(super) fn resolve(listen: &str) -> Result<SocketAddr, Failure> {
    let mut found = listen.to_socket_addrs().map_err(|error| Failure::usage(format!("--listen {listen}: {error}")))?;
    let address = found.next().ok_or_else(|| Failure::usage(format!("--listen {listen} is no address")))?;
    if !address.ip().is_loopback() && !address.ip().is_unspecified() {
        return Err(Failure::usage(format!(
            "--listen {listen}: a server to try speaks plain http, which is for this machine only; use 127.0.0.1, or `jotgate serve` behind TLS"
        )));
    }
    if address.port() == 0 { free_port(address) } else { Ok(address) }
}

/// The issuer of a server that listens there.
pub(super) fn issuer(address: SocketAddr) -> String {
    let ip = if address.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { address.ip() };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}

fn free_port(address: SocketAddr) -> Result<SocketAddr, Failure> {
    let bound = TcpListener::bind(address).and_then(|listener| listener.local_addr());
    bound.map_err(|error| {
        Failure::environment(format!("cannot listen on {address}: {error}; choose another with --listen"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_issuer_is_where_this_machine_finds_the_server() {
        for (listen, expected) in [
            ("127.0.0.1:4400", "http://127.0.0.1:4400"),
            ("0.0.0.0:4400", "http://127.0.0.1:4400"),
            ("[::1]:4400", "http://[::1]:4400"),
        ] {
            assert_eq!(issuer(resolve(listen).unwrap()), expected);
        }
        assert!(resolve("192.0.2.1:4400").unwrap_err().to_string().contains("plain http"));
        assert_ne!(resolve("127.0.0.1:0").unwrap().port(), 0);
    }
}
