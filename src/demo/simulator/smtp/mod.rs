//! The mail sink: a small SMTP server that takes every mail and delivers it to the recipients' mailboxes here.
//!
//! Owns: connections and how many at one time. Must not: relay, check, or speak TLS; it listens on this machine only.
//! Data: mail from the gateway; raw bytes, as received, to the ledger.
//! Source: RFC 5321.

mod command;
mod session;
mod wire;

use std::io::Result;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinSet;

use super::world::World;

const MAX_SESSIONS: usize = 512;
const BACKLOG: u32 = 4096;

/// Takes the port. A burst of connections waits here instead of timing out.
pub(crate) fn listen(bind: SocketAddr) -> Result<TcpListener> {
    let socket = if bind.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(bind)?;
    socket.listen(BACKLOG)
}

/// Takes connections until the simulator stops; their sessions stop with it. Those past the limit wait to be taken.
pub(crate) async fn serve(listener: TcpListener, world: Arc<World>) {
    let mut sessions = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if sessions.len() < MAX_SESSIONS => match accepted {
                Ok((stream, _)) => { sessions.spawn(session::run(stream, Arc::clone(&world))); }
                Err(error) => {
                    tracing::warn!(%error, "simulator.smtp.accept_failed");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = sessions.join_next(), if !sessions.is_empty() => {}
        }
    }
}
