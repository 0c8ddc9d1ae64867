//! The sockets of the carrier: plain HTTP/1.1, so that it can hang and cut as it likes.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::Mood;
use super::desk::{Answer, Desk};
use super::wire::{self, Request, Wish};

/// Nodes that may each have an address of their own.
const NODES: u8 = 4;

/// Serves until the process is killed.
pub(super) async fn run(order: &str) {
    let mut words = order.splitn(4, ' ');
    let mut port = || words.next().unwrap().parse::<u16>().unwrap();
    let (port, mail, control) = (port(), port(), port());
    let desk = Arc::new(Desk::open_at(Path::new(words.next().unwrap())));
    for node in 1..=NODES {
        tokio::spawn(listen(desk.clone(), node, port));
        tokio::spawn(super::mail::listen(desk.clone(), node, mail));
    }
    let listener = TcpListener::bind(("127.0.0.1", control)).await.unwrap();
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        tokio::spawn(obey(desk.clone(), socket));
    }
}

/// Listens at a node's address, while the mood is not to refuse.
async fn listen(desk: Arc<Desk>, node: u8, port: u16) {
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
                        serve(&desk, socket).await;
                        desk.connections(node.into()).fetch_sub(1, Ordering::SeqCst);
                    });
                }
                _refuse = mood.wait_for(|mood| *mood == Mood::Refuse) => break,
            }
        }
    }
}

async fn serve(desk: &Desk, mut socket: TcpStream) {
    let (mut buffer, mut mood) = (Vec::new(), desk.mood.subscribe());
    socket.set_nodelay(true).unwrap();
    loop {
        let request = loop {
            if let Some(request) = wire::take(&mut buffer) {
                break request;
            }
            tokio::select! {
                read = socket.read_buf(&mut buffer) => if !matches!(read, Ok(1..)) { return },
                _refuse = mood.wait_for(|mood| *mood == Mood::Refuse) => return,
            }
        };
        if !answer(desk, &request, &mut socket).await {
            return;
        }
    }
}

/// Answers one request; gives whether the connection goes on.
async fn answer(desk: &Desk, request: &Request, socket: &mut TcpStream) -> bool {
    // Before the mood is looked at: what changes it also cuts what hangs.
    let letting_go = desk.letting_go.subscribe();
    let (mood, wish) = (*desk.mood.borrow(), request.wish());
    match (mood, wish) {
        (_, Wish::Knock) => write(socket, 200, "", "").await,
        (Mood::Fault, _) => {
            desk.turn_away();
            write(socket, 500, "", "{}").await
        }
        (Mood::Busy, _) => {
            desk.turn_away();
            write(socket, 429, "retry-after: 1\r\n", "{}").await
        }
        (Mood::Hang, wish) => {
            if let Wish::HandOver(offer) = wish {
                desk.take_some(offer);
            }
            hang(letting_go, socket).await;
            false
        }
        (_, Wish::HandOver(offer)) => {
            tokio::time::sleep(Duration::from_millis(1)).await;
            match desk.take(offer) {
                Answer::Given(serial) => {
                    let (status, body) = request.taken(serial);
                    write(socket, status, "", &body.to_string()).await
                }
                Answer::Cut => false,
                Answer::Hangs => {
                    hang(letting_go, socket).await;
                    false
                }
            }
        }
        (_, Wish::ByReference(reference)) => write(socket, 200, "", &request.found(&desk.by_reference(&reference)).to_string()).await,
        (_, Wish::ByNumber(number)) => write(socket, 200, "", &request.found(&desk.by_number(&number)).to_string()).await,
        (_, Wish::Inbound) => write(socket, 200, "", &request.found(&[]).to_string()).await,
    }
}

/// Until the other side gives up, or it is cut.
pub(super) async fn hang(mut letting_go: watch::Receiver<u32>, socket: &mut TcpStream) {
    let mut more = [0; 64];
    tokio::select! {
        _gone = socket.read(&mut more) => {}
        _cut = letting_go.changed() => {}
    }
}

async fn write(socket: &mut TcpStream, status: u16, headers: &str, body: &str) -> bool {
    let length = body.len();
    let answer = format!("HTTP/1.1 {status} So\r\n{headers}content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}");
    socket.write_all(answer.as_bytes()).await.is_ok()
}

/// What the test says.
async fn obey(desk: Arc<Desk>, mut socket: TcpStream) {
    let mut buffer = Vec::new();
    loop {
        while let Some(request) = wire::take(&mut buffer) {
            let written = match desk.heed(&request.target) {
                Some(answer) => write(&mut socket, 200, "", &answer).await,
                None => write(&mut socket, 404, "", "").await,
            };
            if !written {
                return;
            }
        }
        if !matches!(socket.read_buf(&mut buffer).await, Ok(1..)) {
            return;
        }
    }
}
