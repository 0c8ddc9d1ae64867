//! Bells: what wakes a sleeper here, and on another node.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use futures_util::poll;
use huecry::store::wake::{Change, Wake};

use crate::support::db::TestDb;

fn change(alert: &str) -> Change {
    Change { kind: "alert".into(), alert: Some(alert.into()), conversation: None }
}

async fn is_woken_by(sleep: impl Future<Output = ()>, ring: impl FnOnce()) -> bool {
    let mut sleep = pin!(sleep);
    assert_eq!(poll!(&mut sleep), Poll::Pending);
    ring();
    poll!(&mut sleep) == Poll::Ready(())
}

#[tokio::test]
async fn each_bell_wakes_its_own_sleepers_and_no_others() {
    let wake = Wake::new(false);
    assert!(is_woken_by(wake.outbox_rang(), || wake.outbox()).await);
    assert!(is_woken_by(wake.envelopes_rang(), || wake.envelopes()).await);
    assert!(is_woken_by(wake.fan_out_rang(), || wake.fan_out()).await);
    assert!(!is_woken_by(wake.outbox_rang(), || wake.envelopes()).await);
    assert!(!is_woken_by(wake.fan_out_rang(), || wake.change(change("K7Q2M"))).await);
}

#[tokio::test]
async fn everyone_who_watches_hears_a_change_and_nobody_watching_is_no_fault() {
    let wake = Wake::new(false);
    wake.change(change("K7Q2M"));
    let (mut one, mut two) = (wake.changes(), wake.clone().changes());
    wake.change(change("A2B3C"));
    assert_eq!((one.recv().await.unwrap(), two.recv().await.unwrap()), (change("A2B3C"), change("A2B3C")));
}

#[tokio::test]
async fn a_single_node_has_nothing_to_relay() {
    assert_eq!(Wake::new(false).relay("postgres://127.0.0.1:1/none").await, Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_node_hears_every_kind_of_bell() {
    let db = TestDb::postgres().await;
    let (here, there) = (Wake::new(true), Wake::new(true));
    let relays = [&here, &there].map(|wake| {
        let (wake, url) = (wake.clone(), db.url.clone());
        tokio::spawn(async move { wake.relay(&url).await })
    });
    let mut changes = there.changes();
    let (mut outbox, mut envelopes, mut fan_out) = (pin!(there.outbox_rang()), pin!(there.envelopes_rang()), pin!(there.fan_out_rang()));
    let mut heard = [false; 4];
    // Whoever rings before the other listens is not heard: so again and again, until everything was.
    while heard != [true; 4] {
        here.outbox();
        here.envelopes();
        here.fan_out();
        here.change(change("K7Q2M"));
        let round = tokio::time::sleep(std::time::Duration::from_millis(20));
        tokio::select! {
            () = &mut outbox, if !heard[0] => heard[0] = true,
            () = &mut envelopes, if !heard[1] => heard[1] = true,
            () = &mut fan_out, if !heard[2] => heard[2] = true,
            told = changes.recv() => heard[3] = told.unwrap() == change("K7Q2M"),
            () = round => {}
        }
    }
    for relay in relays {
        relay.abort();
    }
}
