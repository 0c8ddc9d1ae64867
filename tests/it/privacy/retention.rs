//! What is past its time goes, with an entry that holds no data; what is held or evidence stays.

use std::time::{Duration, SystemTime};

use diesel_async::RunQueryDsl;
use huecry::domain::retention::Kept;
use huecry::inbox::holds;
use huecry::on;
use huecry::privacy::retention;
use huecry::store::conversations::{self, ConversationRow};
use huecry::store::deliveries::{self, DeliveryRow};
use huecry::store::exhibits::{self, ExhibitRow};
use huecry::store::exports::{self, ExportRow};
use huecry::store::messages::{self, AttachmentRow};
use huecry::store::{envelopes, legal_holds, outbox, residents};

use super::{WHO, entries, talk};
use crate::program::process::Gateway;
use crate::support::app::TestApp;
use crate::support::db::TestDb;

const MONTH_MS: i64 = 31 * 86_400_000;

async fn execute(db: &TestDb, sql: &str) {
    on!(&mut db.write().await, c => diesel::sql_query(sql).execute(c).await).unwrap();
}

async fn close(db: &TestDb, row: &ConversationRow) {
    conversations::set_status(&mut db.write().await, row.id, "closed", Some(row.created_at)).await.unwrap();
}

async fn stands(db: &TestDb, row: &ConversationRow) -> bool {
    conversations::find(&mut db.read().await, &row.public_id).await.unwrap().is_some()
}

on_both!(a_closed_conversation_goes_after_its_time_with_all_that_hangs_on_it, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let (gone, open) = (talk(&t, db, WHO, "A van.").await, talk(&t, db, "+447700900151", "Still open").await);
    close(db, &gone).await;
    let envelope = db.new_envelope(WHO, b"raw words");
    huecry::store::envelopes::insert_new(&mut db.write().await, vec![envelope.clone()]).await.unwrap();
    let hash = t.app.files().put(b"a picture").await.unwrap();
    let mut message = db.new_message(gone.id, "With a picture", gone.created_at);
    message.envelope_id = Some(envelope.id);
    let mut conn = db.write().await;
    messages::insert(&mut conn, &message).await.unwrap();
    let file = AttachmentRow {
        id: db.id(),
        message_id: message.id,
        ordinal: 0,
        filename: "van.png".into(),
        content_type: "image/png".into(),
        size_bytes: 9,
        sha256: hash.to_vec(),
        scan: "unscanned".into(),
        created_at: gone.created_at,
    };
    messages::insert_attachments(&mut conn, vec![file]).await.unwrap();
    drop(conn);

    retention::run(&t.app).await.unwrap();
    assert!(stands(db, &gone).await, "its time has not come");
    t.app.clock().advance_ms(25 * MONTH_MS);
    let due = retention::look(&t.app).await.unwrap();
    assert_eq!(due.iter().find(|rule| rule.kind == Kept::Conversations).map(|rule| rule.due), Some(1));
    retention::run(&t.app).await.unwrap();
    assert!(!stands(db, &gone).await && stands(db, &open).await);
    let mut conn = db.read().await;
    assert!(messages::list_of(&mut conn, gone.id).await.unwrap().is_empty());
    assert!(envelopes::find(&mut conn, envelope.id).await.unwrap().is_none(), "its original went too");
    assert!(huecry::store::correspondents::get(&mut conn, gone.correspondent_id).await.is_err(), "it was their last");
    drop(conn);
    let noted = entries(db, "retention.dispose").await;
    let noted = noted.iter().find(|row| row.subject_kind == "conversation").unwrap();
    assert_eq!((noted.subject_id, noted.detail["messages"].as_i64()), (Some(gone.id), Some(2)));
    assert!(!noted.detail.to_string().contains("van") && !noted.detail.to_string().contains("900150"));

    // The bytes wait until nobody can be about to name them.
    assert!(t.app.files().get(&hash).await.is_ok());
    let name = hex::encode(hash);
    let path = t.app.config().files.dir.join(&name[..2]).join(&name);
    let old = SystemTime::now() - Duration::from_secs(7_200);
    std::fs::File::options().append(true).open(path).unwrap().set_modified(old).unwrap();
    assert_eq!(retention::forget_files(&t.app, Duration::from_secs(3_600)).await.unwrap(), 1);
    assert!(t.app.files().get(&hash).await.is_err());
    t.stop().await;
});

on_both!(what_is_held_or_evidence_is_never_disposed_of, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let mut rows = Vec::new();
    for text in ["held", "exhibit", "export", "lifted"] {
        let row = talk(&t, db, WHO, text).await;
        close(db, &row).await;
        rows.push(row);
    }
    let [held, exhibit, export, lifted] = rows.try_into().unwrap();
    for row in [&held, &lifted] {
        assert_eq!(holds::set(&t.app, t.owner.id, row, "investigation", "26*123456").await.unwrap(), Ok(()));
    }
    assert_eq!(holds::set(&t.app, t.owner.id, &held, "whim", "26*123456").await.unwrap().unwrap_err().0, "hold-reason");
    let mut conn = db.write().await;
    let message = messages::list_of(&mut conn, exhibit.id).await.unwrap().remove(0);
    let named = ExhibitRow {
        id: db.id(),
        conversation_id: exhibit.id,
        message_id: message.id,
        attachment_id: None,
        reference: "JS/1".into(),
        officer_id: t.owner.id,
        created_at: exhibit.created_at,
        sealed_at: None,
    };
    exhibits::insert(&mut conn, &named).await.unwrap();
    let taken = ExportRow {
        id: db.id(),
        public_id: huecry::domain::ids::public_id(),
        conversation_id: export.id,
        officer_id: t.owner.id,
        status: "ready".into(),
        files_done: 4,
        files_total: 4,
        size_bytes: 1,
        sha256: None,
        manifest_sha256: None,
        reason: None,
        tries: 1,
        lease_owner: None,
        lease_until: None,
        created_at: export.created_at,
        finished_at: Some(export.created_at),
    };
    exports::insert(&mut conn, &taken).await.unwrap();
    drop(conn);

    // An administrator lifts the second hold on the page.
    let mut admin = t.officer("admin@force.example").await;
    let page = admin.get("/admin/retention").await.body;
    assert!(page.contains("Held, 2") && page.contains("26*123456") && page.contains("A crime is being investigated"), "{page}");
    let hold = legal_holds::list_standing_of(&mut db.read().await, lifted.id).await.unwrap().remove(0);
    assert_eq!(admin.submit(&format!("/admin/holds/{}/lift", hold.id), &[]).await.status, 303);
    assert_eq!(admin.submit(&format!("/admin/holds/{}/lift", hold.id), &[]).await.status, 404, "it is lifted already");
    assert_eq!(entries(db, "conversation.hold").await.len(), 2);
    assert!(!entries(db, "conversation.hold").await[0].detail.to_string().contains("123456"));

    t.app.clock().advance_ms(40 * MONTH_MS);
    retention::run(&t.app).await.unwrap();
    assert!(stands(db, &held).await && stands(db, &exhibit).await && stands(db, &export).await);
    assert!(!stands(db, &lifted).await, "its hold was lifted");
    t.stop().await;
});

on_both!(each_kind_goes_by_its_own_rule_and_for_good_means_for_good, async |db| {
    let t = TestApp::start_with(db, "[retention]\ndeliveries = 0\nresidents_left = 2\n", false).await;
    let (left, here) = (db.add_resident("+447700900160", &[]).await, db.add_resident("+447700900161", &[]).await);
    let alert = db.add_alert(t.owner.id, &[]).await;
    let sent = db.add_delivery(&alert, "+447700900161").await;
    let receipt = db.new_envelope(WHO, b"a receipt");
    let mut conn = db.write().await;
    residents::leave(&mut conn, left.resident.id, left.resident.created_at).await.unwrap();
    envelopes::insert_new(&mut conn, vec![receipt.clone()]).await.unwrap();
    drop(conn);
    execute(db, "UPDATE envelopes SET status = 'processed', processed_at = received_at").await;
    execute(db, "UPDATE deliveries SET status = 'delivered', finished_at = created_at").await;

    t.app.clock().advance_ms(3 * MONTH_MS);
    let found = |disposed: &[retention::Disposed], kind| disposed.iter().find(|gone| gone.kind == kind).map(|gone| gone.count);
    let first = retention::run(&t.app).await.unwrap();
    assert_eq!((found(&first, Kept::Residents), found(&first, Kept::Envelopes), found(&first, Kept::Deliveries)), (Some(1), Some(0), None));
    t.app.clock().advance_ms(40 * MONTH_MS);
    let second = retention::run(&t.app).await.unwrap();
    assert_eq!((found(&second, Kept::Residents), found(&second, Kept::Envelopes)), (Some(0), Some(1)));
    let mut conn = db.read().await;
    assert!(residents::find(&mut conn, left.resident.id).await.unwrap().is_none());
    assert!(residents::find(&mut conn, here.resident.id).await.unwrap().is_some());
    assert!(envelopes::find(&mut conn, receipt.id).await.unwrap().is_none());
    assert!(huecry::store::deliveries::find(&mut conn, sent.id).await.unwrap().is_some(), "0 keeps it for good");
    drop(conn);
    let mut admin = t.officer("admin@force.example").await;
    let page = admin.get("/admin/retention").await.body;
    assert!(page.contains("<td>Good</td>") && page.contains("<td>2 months</td>") && page.contains("Last disposals"), "{page}");
    t.stop().await;
});

// No date is planted: a relay that took a mail says nothing more of it, and many carriers nothing of a text.
on_both!(what_was_handed_over_and_never_told_of_goes_all_the_same, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let alert = db.add_alert(t.owner.id, &[]).await;
    let mail = DeliveryRow { channel_kind: "email".into(), channel: "email".into(), ..db.new_delivery(&alert, "ann@example.org") };
    let text = db.new_delivery(&alert, "+447700900161");
    let waiting = DeliveryRow { next_attempt_at: alert.created_at.plus_ms(3_600_000), ..db.new_delivery(&alert, "+447700900162") };
    let held = DeliveryRow { status: "held".into(), ..db.new_delivery(&alert, "+447700900163") };
    let mut conn = db.write().await;
    deliveries::insert(&mut conn, vec![mail.clone(), text.clone(), DeliveryRow { created_at: alert.created_at, ..waiting.clone() }, held.clone()])
        .await
        .unwrap();
    let now = t.app.now();
    for channel in ["email", "sms"] {
        let taken: diesel::QueryResult<outbox::Claimed> = conn.transaction(async |conn| outbox::take(conn, channel, "w", 1, 60_000, &[], now).await).await;
        let taken = taken.unwrap().leaving;
        outbox::record_accepted(&mut conn, &[(taken[0].id, format!("{channel}1"))], outbox::Sources::of([0, i64::MAX]), now).await.unwrap();
    }
    drop(conn);
    t.app.clock().advance_ms(4 * 86_400_000);
    huecry::outbound::hygiene::give_up_waiting(&t.app).await.unwrap();
    let word = async |id: i64| deliveries::find(&mut db.read().await, id).await.unwrap().map(|row| row.status);
    assert_eq!((word(mail.id).await.as_deref(), word(text.id).await.as_deref()), (Some("accepted"), Some("unconfirmed")));
    retention::run(&t.app).await.unwrap();
    assert!(word(mail.id).await.is_some(), "its time has not come");

    t.app.clock().advance_ms(26 * MONTH_MS);
    let due = retention::look(&t.app).await.unwrap();
    assert_eq!(due.iter().find(|rule| rule.kind == Kept::Deliveries).map(|rule| rule.due), Some(2));
    let done = retention::run(&t.app).await.unwrap();
    assert_eq!(done.iter().find(|gone| gone.kind == Kept::Deliveries).map(|gone| gone.count), Some(2));
    assert_eq!((word(mail.id).await, word(text.id).await), (None, None));
    assert_eq!((word(waiting.id).await.as_deref(), word(held.id).await.as_deref()), (Some("queued"), Some("held")), "what has not left stays");
    t.stop().await;
});

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_is_due_and_leaves_it() {
    let db = TestDb::sqlite().await;
    let gateway = Gateway::furnish(db.folder(), &db.url);
    let left = db.add_resident("+447700900160", &[]).await;
    residents::leave(&mut db.write().await, left.resident.id, left.resident.created_at.minus_days(500)).await.unwrap();
    let told = gateway.run(&["retention", "run", "--dry-run"]).await;
    assert!(told.code == Some(0) && told.out.contains("residents_left: 1 due after 12 months") && told.out.contains("Nothing was disposed of"), "{told:?}");
    assert!(residents::find(&mut db.read().await, left.resident.id).await.unwrap().is_some());
    let told = gateway.run(&["retention", "run"]).await;
    assert!(told.out.contains("residents_left: 1 disposed of"), "{told:?}");
    assert!(residents::find(&mut db.read().await, left.resident.id).await.unwrap().is_none());
}
