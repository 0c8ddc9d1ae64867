//! The address a request really came from: the peer's, or what a trusted proxy says of it.

use std::future::{Ready, ready};
use std::net::IpAddr;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use ipnet::IpNet;

use crate::app::App;

/// Who to hold a rate limit against; none if the peer cannot be told (it always can over TCP).
#[derive(Clone, Copy, Debug)]
pub struct Caller(pub Option<IpAddr>);

/// Walks X-Forwarded-For from the right past every trusted proxy: only those wrote what stands there truly, and what a
/// client put in before them is never reached.
fn find(peer: IpAddr, forwarded: &str, trusted: &[IpNet]) -> IpAddr {
    let is_ours = |address: &IpAddr| trusted.iter().any(|net| net.contains(&address.to_canonical()));
    let mut caller = peer.to_canonical();
    for hop in forwarded.rsplit(',') {
        if !is_ours(&caller) {
            break;
        }
        // Some proxies add the port: `192.0.2.1:4711`, `[2001:db8::1]:4711`.
        let hop = hop.trim();
        let parsed = hop.parse::<IpAddr>().ok().or_else(|| hop.parse::<std::net::SocketAddr>().ok().map(|socket| socket.ip()));
        let Some(next) = parsed else { break };
        caller = next.to_canonical();
    }
    caller
}

impl FromRequest for Caller {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(of(request))))
    }
}

/// The address of a request.
pub(super) fn of(request: &HttpRequest) -> Option<IpAddr> {
    let trusted = request.app_data::<web::Data<App>>().map(|app| app.config().server.trusted_proxies.clone()).unwrap_or_default();
    let forwarded: Vec<&str> = request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok()).collect();
    request.peer_addr().map(|peer| find(peer.ip(), &forwarded.join(","), &trusted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(peer: &str, forwarded: &str) -> String {
        let trusted = ["127.0.0.0/8".parse().unwrap(), "10.0.0.0/8".parse().unwrap(), "2001:db8:aa::/48".parse().unwrap()];
        find(peer.parse().unwrap(), forwarded, &trusted).to_string()
    }

    #[test]
    fn a_trusted_proxy_is_believed_and_nobody_else() {
        assert_eq!(caller("127.0.0.1", "203.0.113.9"), "203.0.113.9");
        assert_eq!(caller("198.51.100.1", "203.0.113.9"), "198.51.100.1", "not a proxy of ours");
        assert_eq!(caller("127.0.0.1", "1.2.3.4, 203.0.113.9"), "203.0.113.9", "what the client made up is not reached");
        assert_eq!(caller("127.0.0.1", "203.0.113.9, 10.0.0.7"), "203.0.113.9", "two proxies");
        assert_eq!(caller("2001:db8:aa::1", "[2001:db8:bb::2]:4711"), "2001:db8:bb::2");
        assert_eq!(caller("::ffff:127.0.0.1", "203.0.113.9:80"), "203.0.113.9");
        assert_eq!(caller("127.0.0.1", ""), "127.0.0.1");
        assert_eq!(caller("127.0.0.1", "unknown"), "127.0.0.1");
    }
}
