//! Carriers' words: kept once, and tied later when they came first.

use huecry::domain::At;
use huecry::store::receipts::{self, ReceiptRow};

use crate::support::now;

fn receipt(id: i64, envelope_id: i64, ordinal: i64, provider_id: &str) -> ReceiptRow {
    ReceiptRow {
        id,
        envelope_id,
        ordinal,
        delivery_id: None,
        provider_message_id: provider_id.into(),
        provider_status: "delivered".into(),
        status: Some("delivered".into()),
        error_code: None,
        received_at: now(),
    }
}

on_both!(a_receipt_of_an_envelope_and_place_is_kept_once, async |db| {
    let mut conn = db.write().await;
    assert_eq!(receipts::insert(&mut conn, vec![receipt(db.id(), 5, 0, "SM1"), receipt(db.id(), 5, 1, "SM1")]).await.unwrap(), 2);
    assert_eq!(receipts::insert(&mut conn, vec![receipt(db.id(), 5, 0, "SM9"), receipt(db.id(), 6, 0, "SM1")]).await.unwrap(), 1, "a replay adds nothing");
});

on_both!(early_receipts_wait_for_their_delivery_and_are_tied_once, async |db| {
    let (first, second) = (receipt(db.id(), 5, 0, "SM1"), ReceiptRow { status: None, provider_status: "teleported".into(), ..receipt(db.id(), 6, 0, "SM1") });
    let tied = ReceiptRow { delivery_id: Some(90), ..receipt(db.id(), 7, 0, "SM1") };
    let other = receipt(db.id(), 8, 0, "SM2");
    let mut conn = db.write().await;
    receipts::insert(&mut conn, vec![second.clone(), first.clone(), tied, other.clone()]).await.unwrap();
    let early = receipts::list_early(&mut conn, &["SM1".into(), "SM7".into()], At::from_unix_ms(0)).await.unwrap();
    let told: Vec<_> = early.iter().map(|row| (row.id, row.status.as_deref(), row.provider_status.as_str(), row.received_at)).collect();
    assert_eq!(told, [(first.id, Some("delivered"), "delivered", now()), (second.id, None, "teleported", now())], "in the order in which they came");
    for id in [first.id, second.id] {
        assert_eq!(receipts::attach(&mut conn, id, 91).await.unwrap(), 1);
        assert_eq!(receipts::attach(&mut conn, id, 92).await.unwrap(), 0);
    }
    assert!(receipts::list_early(&mut conn, &["SM1".into()], At::from_unix_ms(0)).await.unwrap().is_empty());
    assert_eq!(receipts::list_early(&mut conn, &["SM2".into()], At::from_unix_ms(0)).await.unwrap()[0].id, other.id);
});
