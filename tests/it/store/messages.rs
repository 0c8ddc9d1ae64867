//! What was said: once per envelope and place, in the order in which it came.

use huecry::store::messages::{self, AttachmentRow, MessageRow};

use crate::support::db::TestDb;
use crate::support::now;

async fn conversation(db: &TestDb, who: &str) -> i64 {
    let correspondent = db.add_correspondent(who).await;
    db.add_conversation(None, correspondent.id).await.id
}

fn texts(rows: &[MessageRow]) -> Vec<&str> {
    rows.iter().map(|row| row.text.as_str()).collect()
}

on_both!(an_envelope_makes_a_message_once_in_each_place, async |db| {
    let id = conversation(db, "07700 900001").await;
    let of = |envelope_id, ordinal| MessageRow { envelope_id, ordinal, ..db.new_message(id, "words", now()) };
    let mut conn = db.write().await;
    for (row, inserted) in [(of(Some(5), 0), 1), (of(Some(5), 0), 0), (of(Some(5), 1), 1), (of(Some(6), 0), 1), (of(None, 0), 1), (of(None, 0), 1)] {
        assert_eq!(messages::insert(&mut conn, &row).await.unwrap(), inserted, "{:?} {}", row.envelope_id, row.ordinal);
    }
    assert_eq!(messages::count_of(&mut conn, "in").await.unwrap(), 5);
    assert_eq!(messages::count_of(&mut conn, "out").await.unwrap(), 0);
});

on_both!(a_message_comes_back_as_it_was_and_needs_its_conversation, async |db| {
    let id = conversation(db, "jo@example.org").await;
    let officer = db.add_officer("jo@force.example").await;
    let row = MessageRow {
        subject: Some("Re: White van".into()),
        text: "Gwelais i'r fan \u{1f690}\nddoe".into(),
        folded: "> Have you seen it?".into(),
        envelope_id: Some(5),
        delivery_id: Some(6),
        officer_id: Some(officer.id),
        message_id_header: Some("a@b.example".into()),
        third_party: true,
        possible_duplicate: true,
        raw_sha256: Some(vec![0, 255, 0]),
        ..db.new_message(id, "", now())
    };
    let mut conn = db.write().await;
    messages::insert(&mut conn, &row).await.unwrap();
    let back = messages::find(&mut conn, &row.public_id).await.unwrap().unwrap();
    let all = |row: MessageRow| {
        (
            (row.id, row.public_id, row.conversation_id, row.direction, row.channel, row.channel_kind, row.class, row.subject, row.text, row.folded),
            (row.envelope_id, row.ordinal, row.delivery_id, row.officer_id, row.message_id_header, row.method, row.confidence, row.evidence),
            (row.third_party, row.possible_duplicate, row.raw_sha256, row.received_at),
        )
    };
    assert_eq!(all(back), all(row));
    assert!(messages::find(&mut conn, "0000000000000000").await.unwrap().is_none());
    assert!(messages::insert(&mut conn, &db.new_message(1, "nowhere", now())).await.is_err());
});

on_both!(messages_are_listed_by_the_time_they_came_and_then_by_id, async |db| {
    let (one, two, three) = (conversation(db, "07700 900001").await, conversation(db, "07700 900002").await, conversation(db, "07700 900003").await);
    let rows = [(one, "late", 9), (two, "middle", 5), (one, "early", 1), (one, "early too", 1), (three, "elsewhere", 2)];
    let mut conn = db.write().await;
    for (id, text, ms) in rows {
        messages::insert(&mut conn, &db.new_message(id, text, now().plus_ms(ms))).await.unwrap();
    }
    let ours = MessageRow { direction: "out".into(), ..db.new_message(one, "answer", now().plus_ms(20)) };
    messages::insert(&mut conn, &ours).await.unwrap();
    assert_eq!(texts(&messages::list_of(&mut conn, one).await.unwrap()), ["early", "early too", "late", "answer"]);
    assert_eq!(texts(&messages::list_of_many(&mut conn, &[one, two]).await.unwrap()), ["early", "early too", "middle", "late", "answer"]);
    assert!(messages::list_of_many(&mut conn, &[]).await.unwrap().is_empty());
    assert_eq!(messages::last_inbound(&mut conn, one).await.unwrap().unwrap().text, "late");
    assert!(messages::last_inbound(&mut conn, 1).await.unwrap().is_none());
    assert_eq!(messages::count_of(&mut conn, "out").await.unwrap(), 1);
});

on_both!(an_earlier_mail_of_theirs_is_found_by_its_message_id_and_never_one_of_ours, async |db| {
    let id = conversation(db, "jo@example.org").await;
    let mail =
        |direction: &str, header: &str| MessageRow { direction: direction.into(), message_id_header: Some(header.into()), ..db.new_message(id, header, now()) };
    let mut conn = db.write().await;
    for row in [mail("in", "a@b"), mail("out", "c@d"), mail("in", "e@f"), db.new_message(id, "no header", now())] {
        messages::insert(&mut conn, &row).await.unwrap();
    }
    let mut found = messages::find_inbound_by_header(&mut conn, &["a@b".into(), "c@d".into(), "x@y".into()]).await.unwrap();
    found.sort_by_key(|row| row.id);
    assert_eq!(texts(&found), ["a@b"]);
});

on_both!(an_officers_tie_is_noted_on_what_came_in_and_not_on_what_went_out, async |db| {
    let id = conversation(db, "07700 900001").await;
    let mut conn = db.write().await;
    for direction in ["in", "out"] {
        messages::insert(
            &mut conn,
            &MessageRow { direction: direction.into(), method: "tray".into(), confidence: "unattributed".into(), ..db.new_message(id, direction, now()) },
        )
        .await
        .unwrap();
    }
    assert_eq!(messages::set_attribution(&mut conn, id, "officer", "PC Jane Doe tied it").await.unwrap(), 1);
    let rows = messages::list_of(&mut conn, id).await.unwrap();
    let told: Vec<_> = rows.iter().map(|row| (row.text.as_str(), row.method.as_str(), row.confidence.as_str(), row.evidence.as_str())).collect();
    assert_eq!(told[0], ("in", "officer", "certain", "PC Jane Doe tied it"));
    assert_eq!((told[1].1, told[1].2), ("tray", "unattributed"));
});

on_both!(attachments_are_kept_once_in_their_place, async |db| {
    let id = conversation(db, "jo@example.org").await;
    let message = db.new_message(id, "see photos", now());
    let file = |ordinal, name: &str| AttachmentRow {
        id: db.id(),
        message_id: message.id,
        ordinal,
        filename: name.into(),
        content_type: "image/jpeg".into(),
        size_bytes: 5_000_000_000,
        sha256: vec![9; 32],
        scan: "unscanned".into(),
        created_at: now(),
    };
    let mut conn = db.write().await;
    messages::insert(&mut conn, &message).await.unwrap();
    assert_eq!(messages::insert_attachments(&mut conn, vec![file(1, "b.jpg"), file(0, "a.jpg")]).await.unwrap(), 2);
    assert_eq!(messages::insert_attachments(&mut conn, vec![file(1, "again.jpg")]).await.unwrap(), 0);
    let found = messages::list_attachments(&mut conn, &[message.id, 1]).await.unwrap();
    let told: Vec<_> = found.iter().map(|row| (row.ordinal, row.filename.as_str(), row.size_bytes)).collect();
    assert_eq!(told, [(0, "a.jpg", 5_000_000_000), (1, "b.jpg", 5_000_000_000)]);
});
