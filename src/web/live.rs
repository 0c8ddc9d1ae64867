//! `GET /events`: what changed, to open pages. Kinds and ids only; the page fetches what it may see.

use std::collections::BTreeSet;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header;
use bytes::Bytes;
use tokio::sync::{broadcast, mpsc};
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;

use super::error::AppError;
use super::extract::Officer;
use crate::store::sessions;
use crate::store::wake::Change;

/// Changes within this time are told together.
const GATHER: Duration = Duration::from_millis(80);
const HEARTBEAT: Duration = Duration::from_secs(20);

/// `GET /events`
pub async fn stream(officer: Officer) -> Result<HttpResponse, AppError> {
    let app = officer.app().clone();
    let reads = officer.row.reads_replies();
    let mut changes = app.wake().changes();
    let (tell, told) = mpsc::channel::<Bytes>(8);
    let stop = app.stop().clone();
    let session = officer.visitor.session.as_ref().map(|session| session.row.id);
    let officer_id = officer.row.id;
    let mut beat = tokio::time::interval_at(tokio::time::Instant::now() + HEARTBEAT, HEARTBEAT);
    actix_web::rt::spawn(async move {
        // The first line opens the stream; the page then fetches everything once.
        let mut next = Some(Bytes::from_static(b"retry: 2000\nevent: open\ndata: {}\n\n"));
        loop {
            if let Some(bytes) = next.take()
                && tell.send(bytes).await.is_err()
            {
                return;
            }
            tokio::select! {
                first = changes.recv() => next = gather(first, &mut changes, reads).await,
                _ = beat.tick() => {
                    let app = app.clone();
                    // Whoever signed out, or was signed out, hears nothing more.
                    let stands = app.clone().run(async move { sessions::list_of_officer(&mut app.read().await?, officer_id, app.now()).await }).await;
                    if stands.is_ok_and(|stands| !stands.iter().any(|row| Some(row.id) == session)) {
                        return;
                    }
                    next = Some(Bytes::from_static(b": still here\n\n"));
                }
                () = stop.cancelled() => return,
            }
        }
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(ReceiverStream::new(told).map(Ok::<_, std::convert::Infallible>)))
}

async fn gather(first: Result<Change, broadcast::error::RecvError>, changes: &mut broadcast::Receiver<Change>, reads: bool) -> Option<Bytes> {
    let mut all = vec![first.ok()];
    tokio::time::sleep(GATHER).await;
    loop {
        match changes.try_recv() {
            Ok(change) => all.push(Some(change)),
            Err(broadcast::error::TryRecvError::Lagged(_)) => all.push(None),
            Err(_) => break,
        }
    }
    // A missed change could have been any: then every part is fetched again.
    let missed = all.iter().any(Option::is_none);
    let seen: Vec<Change> = all.into_iter().flatten().filter(|change| reads || change.kind != "inbox").collect();
    let mut kinds: BTreeSet<&str> = seen.iter().map(|change| change.kind.as_str()).collect();
    if missed {
        kinds.extend(["alert", "press"]);
        kinds.extend(reads.then_some("inbox"));
    }
    if kinds.is_empty() {
        return None;
    }
    let only = |pick: fn(&Change) -> Option<&String>| {
        let named: BTreeSet<&String> = seen.iter().filter_map(pick).collect();
        if named.len() == 1 && !missed { named.first().map(|name| (*name).clone()) } else { None }
    };
    // What names none may be about any.
    let named = seen.iter().all(|change| change.kind != "inbox" || change.conversation.is_some());
    let conversation = only(|change| change.conversation.as_ref()).filter(|_| reads && named);
    let data = serde_json::json!({ "kinds": kinds, "alert": only(|change| change.alert.as_ref()), "conversation": conversation });
    Some(Bytes::from(format!("event: changed\ndata: {data}\n\n")))
}
