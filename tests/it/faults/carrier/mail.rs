//! The carrier as a mail relay: plain SMTP, each session in the mood of the moment.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::Mood;
use super::desk::{Answer, Desk};
use super::serve::hang;
use super::wire::Offer;

/// Listens at a node's address, while the mood is not to refuse.
pub(super) async fn listen(desk: Arc<Desk>, node: u8, port: u16) {
    let mut mood = desk.mood.subscribe();
    loop {
        mood.wait_for(|mood| *mood != Mood::Refuse).await.unwrap();
        let listener = TcpListener::bind(std::net::SocketAddr::from(([127, 0, 0, node], port))).await.unwrap();
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    let (socket, _) = accepted.unwrap();
                    desk.connections(node.into()).fetch_add(1, Ordering::SeqCst);
                    let desk = desk.clone();
                    tokio::spawn(async move {
                        let mut mood = desk.mood.subscribe();
                        tokio::select! {
                            _ended = serve(&desk, socket) => {}
                            _refuse = mood.wait_for(|mood| *mood == Mood::Refuse) => {}
                        }
                        desk.connections(node.into()).fetch_sub(1, Ordering::SeqCst);
                    });
                }
                _refuse = mood.wait_for(|mood| *mood == Mood::Refuse) => break,
            }
        }
    }
}

async fn serve(desk: &Desk, socket: TcpStream) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    let mut socket = BufReader::new(socket);
    socket.write_all(b"220 carrier\r\n").await?;
    let mut to = String::new();
    loop {
        let mut line = String::new();
        if socket.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let mood = *desk.mood.borrow();
        let answer = match line.split_whitespace().next().unwrap_or_default() {
            "MAIL" if mood == Mood::Fault => {
                desk.turn_away();
                "451 4.3.0 out of order"
            }
            "MAIL" if mood == Mood::Busy => {
                desk.turn_away();
                "421 4.3.2 too busy"
            }
            "RCPT" => {
                to = line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(to, _)| to.to_owned()).unwrap();
                "250 ok"
            }
            "DATA" => {
                socket.write_all(b"354 go on\r\n").await?;
                let Some(mail) = read_mail(&mut socket).await? else { return Ok(()) };
                if !take(desk, offer(&to, &mail), &mut socket).await? {
                    return Ok(());
                }
                continue;
            }
            "QUIT" => return socket.write_all(b"221 bye\r\n").await,
            _ => "250 ok",
        };
        socket.write_all(format!("{answer}\r\n").as_bytes()).await?;
        if answer.starts_with("421") {
            return Ok(());
        }
    }
}

/// The whole mail; none if the other side went before its end.
async fn read_mail(socket: &mut BufReader<TcpStream>) -> std::io::Result<Option<String>> {
    let mut mail = Vec::new();
    loop {
        let from = mail.len();
        if socket.read_until(b'\n', &mut mail).await? == 0 {
            return Ok(None);
        }
        if &mail[from..] == b".\r\n" {
            mail.truncate(from);
            return Ok(Some(String::from_utf8(mail).unwrap()));
        }
    }
}

fn offer(to: &str, mail: &str) -> Offer {
    let reference = mail.lines().find_map(|line| line.strip_prefix("Message-ID: ")).unwrap().to_owned();
    // Lines that were only broken for their length.
    Offer { to: to.to_owned(), reference, body: mail.replace("=\r\n", "") }
}

/// Takes or leaves a mail whose last line has come; gives whether the session goes on.
async fn take(desk: &Desk, offer: Offer, socket: &mut BufReader<TcpStream>) -> std::io::Result<bool> {
    // Before the mood is looked at: what changes it also cuts what hangs.
    let letting_go = desk.letting_go.subscribe();
    let mood = *desk.mood.borrow();
    if mood == Mood::Hang {
        desk.take_some(offer);
        hang(letting_go, socket.get_mut()).await;
        return Ok(false);
    }
    if matches!(mood, Mood::Fault | Mood::Busy) {
        desk.turn_away();
        socket.write_all(b"451 4.3.0 out of order\r\n").await?;
        return Ok(true);
    }
    tokio::time::sleep(Duration::from_millis(1)).await;
    match desk.take(offer) {
        Answer::Given(serial) => {
            socket.write_all(format!("250 2.0.0 taken as {serial}\r\n").as_bytes()).await?;
            Ok(true)
        }
        Answer::Cut => Ok(false),
        Answer::Hangs => {
            hang(letting_go, socket.get_mut()).await;
            Ok(false)
        }
    }
}
