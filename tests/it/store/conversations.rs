//! Correspondents and conversations: one of each, whoever comes first, and counts that follow what happens.

use huecry::store::conversations::{self, ConversationEventRow, ConversationRow, Touch};
use huecry::store::correspondents;
use huecry::store::messages::{self, AttachmentRow};

use crate::support::db::TestDb;
use crate::support::now;
use crate::support::rows::key;

async fn get(db: &TestDb, id: i64) -> ConversationRow {
    conversations::get(&mut db.read().await, id).await.unwrap()
}

on_both!(a_correspondent_is_met_once_also_when_two_nodes_meet_them_at_the_same_moment, async |db| {
    let meetings: Vec<_> = (0..8)
        .map(|_| {
            let (row, db) = (db.new_correspondent("07700 900001"), db.db.clone());
            tokio::spawn(async move { correspondents::insert_or_find(&mut db.write().await.unwrap(), row.clone()).await.unwrap().id })
        })
        .collect();
    let mut ids = Vec::new();
    for meeting in meetings {
        ids.push(meeting.await.unwrap());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "everybody is given the one that stands");
    let stranger = db.add_correspondent("jo@example.org").await;
    assert_ne!(stranger.id, ids[0]);
    let mut conn = db.read().await;
    let found = correspondents::find_by_match_key(&mut conn, &key("JO@example.org")).await.unwrap().unwrap();
    assert_eq!((found.id, found.address.as_str(), found.name, found.created_at), (stranger.id, "jo@example.org", None, now()));
    assert_eq!(correspondents::get(&mut conn, ids[0]).await.unwrap().kind, "phone");
    assert!(correspondents::get(&mut conn, 1).await.is_err());
    assert!(correspondents::find_by_match_key(&mut conn, &key("07700 900002")).await.unwrap().is_none());
});

async fn race(db: &TestDb, alert_id: Option<i64>, correspondent_id: i64) -> Vec<i64> {
    let racers: Vec<_> = (0..8)
        .map(|_| {
            let (row, db) = (db.new_conversation(alert_id, correspondent_id), db.db.clone());
            tokio::spawn(async move {
                let mut conn = db.write().await.unwrap();
                conn.transaction(async |conn| conversations::insert_or_find(conn, row).await).await.unwrap().0.id
            })
        })
        .collect();
    let mut ids = Vec::new();
    for racer in racers {
        ids.push(racer.await.unwrap());
    }
    ids.dedup();
    ids
}

on_both!(an_alert_and_a_correspondent_have_one_conversation_also_under_a_race, async |db| {
    let officer = db.add_officer("jo@force.example").await;
    let (alert, other) = (db.add_alert(officer.id, &[]).await, db.add_alert(officer.id, &[]).await);
    let (who, else_) = (db.add_correspondent("07700 900001").await.id, db.add_correspondent("07700 900002").await.id);
    let mut all = Vec::new();
    for (alert_id, correspondent) in [(Some(alert.id), who), (Some(other.id), who), (Some(alert.id), else_)] {
        let ids = race(db, alert_id, correspondent).await;
        assert_eq!(ids.len(), 1);
        assert_eq!(conversations::find_of(&mut db.read().await, alert_id, correspondent).await.unwrap().unwrap().id, ids[0]);
        all.extend(ids);
    }
    all.dedup();
    assert_eq!(all.len(), 3);
    assert!(conversations::find_of(&mut db.read().await, None, who).await.unwrap().is_none());
});

on_both!(a_correspondent_has_one_conversation_in_the_tray_also_under_a_race, async |db| {
    let (who, else_) = (db.add_correspondent("07700 900001").await.id, db.add_correspondent("07700 900002").await.id);
    let mine = race(db, None, who).await;
    assert_eq!(mine.len(), 1);
    assert_eq!(race(db, None, who).await, mine);
    assert_ne!(race(db, None, else_).await, mine);
    assert_eq!(conversations::find_of(&mut db.read().await, None, who).await.unwrap().unwrap().id, mine[0]);
});

on_both!(a_conversation_comes_back_as_it_was_made, async |db| {
    let team = db.add_team("Amber Valley").await;
    let officer = db.add_officer("jo@force.example").await;
    let correspondent = db.add_correspondent("07700 900001").await;
    let row = ConversationRow {
        owner_id: Some(officer.id),
        team_id: Some(team.id),
        candidates: serde_json::json!([{"alert": "K7Q2M", "why": "\u{2019}twas \u{1f690}", "score": 0.5, "none": null}]),
        closed_at: Some(now().plus_ms(3)),
        ..db.new_conversation(None, correspondent.id)
    };
    let mut conn = db.write().await;
    conversations::insert_or_find(&mut conn, row.clone()).await.unwrap();
    for found in [conversations::get(&mut conn, row.id).await.unwrap(), conversations::find(&mut conn, &row.public_id).await.unwrap().unwrap()] {
        assert_eq!(format!("{found:?}"), format!("{row:?}"));
    }
    let locked = conn.transaction(async |conn| conversations::get_locked(conn, row.id).await).await.unwrap();
    assert_eq!(locked.id, row.id);
    assert!(conversations::find(&mut conn, "0000000000000000").await.unwrap().is_none());
    assert!(conversations::get_locked(&mut conn, 1).await.is_err());
});

on_both!(a_message_in_marks_unread_opens_again_and_tells_where_answers_go, async |db| {
    let correspondent = db.add_correspondent("07700 900001").await;
    let row = ConversationRow { status: "closed".into(), closed_at: Some(now()), ..db.new_conversation(None, correspondent.id) };
    let mut conn = db.write().await;
    conversations::insert_or_find(&mut conn, row.clone()).await.unwrap();
    let via = Some(("mail".to_owned(), "email".to_owned(), "alerts@reply.example.org".to_owned()));
    let touch = |ms: i64, inbound: bool, via| Touch { preview: format!("words {ms}"), attachments: 2, inbound, via, at: now().plus_ms(ms) };
    conversations::touch(&mut conn, row.id, &touch(1, true, via.clone())).await.unwrap();
    let first = conversations::get(&mut conn, row.id).await.unwrap();
    assert_eq!((first.unread, first.status.as_str(), first.closed_at, first.first_human_at), (true, "open", None, Some(now().plus_ms(1))));
    assert_eq!((first.channel.as_str(), first.channel_kind.as_str(), first.our_address.as_str()), ("mail", "email", "alerts@reply.example.org"));
    assert_eq!((first.messages_count, first.attachments_count, first.version, first.last_message_at), (1, 2, 2, now().plus_ms(1)));
    conversations::touch(&mut conn, row.id, &touch(2, true, via)).await.unwrap();
    assert_eq!(conversations::get(&mut conn, row.id).await.unwrap().first_human_at, Some(now().plus_ms(1)), "the first stays the first");
});

on_both!(an_answer_of_ours_neither_marks_unread_nor_opens_again, async |db| {
    let correspondent = db.add_correspondent("07700 900001").await;
    let row = ConversationRow { status: "closed".into(), closed_at: Some(now()), ..db.new_conversation(None, correspondent.id) };
    let mut conn = db.write().await;
    conversations::insert_or_find(&mut conn, row.clone()).await.unwrap();
    let via = Some(("sms-two".to_owned(), "sms".to_owned(), "+447700900002".to_owned()));
    for (n, via) in [(1, None), (2, via)] {
        conversations::touch(&mut conn, row.id, &Touch { preview: "ours".into(), attachments: 0, inbound: false, via, at: now().plus_ms(n) }).await.unwrap();
    }
    let after = conversations::get(&mut conn, row.id).await.unwrap();
    assert_eq!((after.unread, after.status.as_str(), after.first_human_at, after.closed_at), (false, "closed", None, Some(now())));
    assert_eq!((after.messages_count, after.version, after.preview.as_str(), after.our_address.as_str()), (2, 3, "ours", "+447700900002"));
});

on_both!(status_and_read_mark_change_only_when_they_differ, async |db| {
    let correspondent = db.add_correspondent("07700 900001").await;
    let id = db.add_conversation(None, correspondent.id).await.id;
    let mut conn = db.write().await;
    assert_eq!(conversations::set_unread(&mut conn, id, true).await.unwrap(), 1);
    assert_eq!(conversations::set_unread(&mut conn, id, true).await.unwrap(), 0);
    assert_eq!(conversations::set_status(&mut conn, id, "open", None).await.unwrap(), 0);
    assert_eq!(conversations::set_status(&mut conn, id, "closed", Some(now())).await.unwrap(), 1);
    assert_eq!(conversations::set_status(&mut conn, id, "closed", Some(now().plus_ms(9))).await.unwrap(), 0, "two officers close it once");
    let after = conversations::get(&mut conn, id).await.unwrap();
    assert_eq!((after.unread, after.version, after.closed_at), (true, 2, Some(now())), "reading is not a change, closing is one");
});

on_both!(an_officers_hand_ties_and_hands_over_and_each_counts_as_a_change, async |db| {
    let officer = db.add_officer("jo@force.example").await;
    let team = db.add_team("Amber Valley").await;
    let alert = db.add_alert(officer.id, &[]).await;
    let correspondent = db.add_correspondent("07700 900001").await;
    let tray = db.add_conversation(None, correspondent.id).await;
    let candidates = serde_json::json!([{"alert": alert.reference}]);
    let mut conn = db.write().await;
    assert_eq!(conversations::set_certainty(&mut conn, tray.id, "probable", &candidates).await.unwrap(), 1);
    let probable = conversations::get(&mut conn, tray.id).await.unwrap();
    assert_eq!((probable.certainty.as_str(), probable.candidates), ("probable", candidates));
    assert_eq!(conversations::set_alert(&mut conn, tray.id, alert.id, Some(officer.id), Some(team.id)).await.unwrap(), 1);
    let tied = conversations::get(&mut conn, tray.id).await.unwrap();
    assert_eq!(
        (tied.alert_id, tied.certainty.as_str(), tied.owner_id, tied.team_id, tied.version),
        (Some(alert.id), "certain", Some(officer.id), Some(team.id), 2)
    );
    assert_eq!(conversations::set_owner(&mut conn, tray.id, None).await.unwrap(), 1);
    let handed = conversations::get(&mut conn, tray.id).await.unwrap();
    assert_eq!((handed.owner_id, handed.version), (None, 3));
    drop(conn);
    // The tray is free again, but its next conversation cannot be tied to the same alert: that one exists.
    let second = db.add_conversation(None, correspondent.id).await;
    assert_ne!(second.id, tray.id);
    assert!(conversations::set_alert(&mut db.write().await, second.id, alert.id, None, None).await.is_err());
});

on_both!(moved_messages_are_counted_where_they_are, async |db| {
    let officer = db.add_officer("jo@force.example").await;
    let alert = db.add_alert(officer.id, &[]).await;
    let correspondent = db.add_correspondent("07700 900001").await;
    let (tray, home) = (db.add_conversation(None, correspondent.id).await.id, db.add_conversation(Some(alert.id), correspondent.id).await.id);
    let mut conn = db.write().await;
    for ms in [1, 2, 3] {
        let message = db.new_message(tray, "words", now().plus_ms(ms));
        messages::insert(&mut conn, &message).await.unwrap();
        let file = |ordinal| AttachmentRow {
            id: db.id(),
            message_id: message.id,
            ordinal,
            filename: "van.jpg".into(),
            content_type: "image/jpeg".into(),
            size_bytes: 3,
            sha256: vec![1; 32],
            scan: "unscanned".into(),
            created_at: now(),
        };
        messages::insert_attachments(&mut conn, vec![file(0), file(1)]).await.unwrap();
    }
    assert_eq!(messages::move_all(&mut conn, tray, home).await.unwrap(), 3);
    conversations::recount(&mut conn, home).await.unwrap();
    conversations::recount(&mut conn, tray).await.unwrap();
    drop(conn);
    let (home, tray) = (get(db, home).await, get(db, tray).await);
    assert_eq!((home.messages_count, home.attachments_count, home.last_message_at, home.version), (3, 6, now().plus_ms(3), 2));
    assert_eq!((tray.messages_count, tray.attachments_count, tray.last_message_at), (0, 0, now()), "an empty one keeps its time");
});

on_both!(events_of_a_conversation_come_back_in_order, async |db| {
    let officer = db.add_officer("jo@force.example").await;
    let correspondent = db.add_correspondent("07700 900001").await;
    let id = db.add_conversation(None, correspondent.id).await.id;
    let event = |kind: &str, officer_id| ConversationEventRow {
        id: db.id(),
        conversation_id: id,
        officer_id,
        kind: kind.into(),
        detail: "A sentence.".into(),
        created_at: now(),
    };
    let (first, second) = (event("closed", Some(officer.id)), event("reopened", None));
    let mut conn = db.write().await;
    conversations::append_event(&mut conn, &second).await.unwrap();
    conversations::append_event(&mut conn, &first).await.unwrap();
    let found = conversations::list_events(&mut conn, id).await.unwrap();
    let told: Vec<_> = found.iter().map(|row| (row.kind.as_str(), row.officer_id, row.created_at)).collect();
    assert_eq!(told, [("closed", Some(officer.id), now()), ("reopened", None, now())]);
    assert!(conversations::list_events(&mut conn, 1).await.unwrap().is_empty());
    let stray = ConversationEventRow { conversation_id: 1, ..event("moved", None) };
    assert!(conversations::append_event(&mut conn, &stray).await.is_err(), "there is no such conversation");
});
