//! The send ledger: every column comes back, nothing is queued twice, and each question asked of it has its answer.

use diesel::QueryResult;
use huecry::store::deliveries::{self, AttemptRow, DeliveryRow};

use crate::support::now;
use crate::support::rows::{OUR_NUMBER, key};

fn ids(rows: &[DeliveryRow]) -> Vec<i64> {
    rows.iter().map(|row| row.id).collect()
}

fn sorted(rows: &[DeliveryRow]) -> Vec<i64> {
    let mut ids = ids(rows);
    ids.sort_unstable();
    ids
}

on_both!(every_column_comes_back_as_it_was_given, async |db| {
    let alert = db.new_alert(1);
    let at = |ms| Some(now().plus_ms(ms));
    let row = DeliveryRow {
        conversation_id: Some(77),
        subject: Some("Ein Betreff: ’quoted’".into()),
        body: Some("Two\nlines, \u{1f690} and 'quotes'".into()),
        in_reply_to: Some("a@b.example".into()),
        reference_ids: Some("a@b.example c@d.example".into()),
        provider_message_id: Some("SM1".into()),
        rank: 3,
        attempts: 2,
        error_code: Some("30003".into()),
        error_detail: Some("unreachable".into()),
        lease_owner: Some("7-abc".into()),
        lease_until: at(1),
        sending_at: at(2),
        accepted_at: at(3),
        finished_at: at(4),
        expires_at: at(5),
        ..db.new_delivery(&alert, "07700 900001")
    };
    deliveries::insert(&mut db.write().await, vec![row.clone()]).await.unwrap();
    let back = deliveries::find(&mut db.read().await, row.id).await.unwrap().unwrap();
    let all = |row: DeliveryRow| {
        (
            (row.id, row.purpose, row.source_id, row.alert_id, row.conversation_id, row.match_key, row.address, row.channel_kind, row.channel, row.sender),
            (row.priority, row.status, row.subject, row.body, row.token, row.in_reply_to, row.reference_ids, row.provider_message_id, row.rank),
            (row.attempts, row.error_code, row.error_detail, row.lease_owner, row.lease_until, row.next_attempt_at, row.sending_at, row.accepted_at),
            (row.finished_at, row.created_at, row.expires_at),
        )
    };
    assert_eq!(all(back), all(row));
    assert!(deliveries::find(&mut db.read().await, 1).await.unwrap().is_none());
});

on_both!(one_purpose_source_and_address_is_queued_once, async |db| {
    let alert = db.new_alert(1);
    let first = db.new_delivery(&alert, "07700 900001");
    let same = || db.new_delivery(&alert, "07700 900001");
    assert_eq!(deliveries::insert(&mut db.write().await, vec![first.clone(), same()]).await.unwrap(), 1, "twice in one batch");
    let others = vec![
        same(),
        DeliveryRow { purpose: "reply".into(), ..same() },
        DeliveryRow { source_id: alert.id + 1, ..same() },
        db.new_delivery(&alert, "07700 900002"),
    ];
    let new = sorted(&others[1..]);
    assert_eq!(deliveries::insert(&mut db.write().await, others).await.unwrap(), 3, "a run repeated after a crash adds only what was missing");
    let found = deliveries::list_by_ids(&mut db.read().await, &[first.id, new[0], new[1], new[2], 1]).await.unwrap();
    assert_eq!(sorted(&found), [first.id, new[0], new[1], new[2]]);
});

on_both!(more_rows_than_one_statement_takes_are_all_queued, async |db| {
    let alert = db.new_alert(1);
    let rows: Vec<DeliveryRow> = (0..2_300).map(|n| DeliveryRow { address: format!("+4477009{n:05}"), ..db.new_delivery(&alert, "07700 900001") }).collect();
    let again = rows.clone();
    let mut conn = db.write().await;
    let counts: QueryResult<(usize, usize)> =
        conn.transaction(async |conn| Ok((deliveries::insert(conn, rows).await?, deliveries::insert(conn, again).await?))).await;
    assert_eq!(counts, Ok((2_300, 0)));
    assert_eq!(deliveries::insert(&mut conn, Vec::new()).await, Ok(0));
});

on_both!(a_delivery_is_found_by_its_token_and_by_the_providers_id, async |db| {
    let alert = db.new_alert(1);
    let one = DeliveryRow { provider_message_id: Some("SM1".into()), ..db.new_delivery(&alert, "07700 900001") };
    let two = DeliveryRow { provider_message_id: Some("SM2".into()), ..db.new_delivery(&alert, "07700 900002") };
    let none = db.new_delivery(&alert, "07700 900003");
    deliveries::insert(&mut db.write().await, vec![one.clone(), two.clone(), none.clone()]).await.unwrap();
    let mut conn = db.write().await;
    let found = deliveries::find_by_tokens(&mut conn, &[two.token.clone(), "unknown".into(), none.token.clone()]).await.unwrap();
    assert_eq!(sorted(&found), [two.id, none.id]);
    let found = deliveries::find_by_provider_ids(&mut conn, &["SM1".into(), "SM3".into()], now()).await.unwrap();
    assert_eq!(ids(&found), [one.id]);
    assert_eq!(deliveries::set_token(&mut conn, one.id, "0123456789abcdef").await.unwrap(), 1);
    assert!(deliveries::find_by_tokens(&mut conn, &[one.token]).await.unwrap().is_empty());
    assert_eq!(ids(&deliveries::find_by_tokens(&mut conn, &["0123456789abcdef".into()]).await.unwrap()), [one.id]);
    assert!(deliveries::set_token(&mut conn, one.id, &two.token).await.is_err(), "two deliveries never share a token");
});

on_both!(the_pairs_ledger_gives_what_was_handed_over_between_two_moments_newest_first, async |db| {
    let sent = |ms: i64| DeliveryRow { sending_at: Some(now().plus_ms(ms)), ..db.new_delivery(&db.new_alert(1), "07700 900001") };
    let (old, from, middle, until, late) = (sent(-11), sent(-10), sent(-5), sent(0), sent(1));
    let never = db.new_delivery(&db.new_alert(1), "07700 900001");
    let other_number = DeliveryRow { sender: "+447700900002".into(), ..sent(-5) };
    let other_person = DeliveryRow { match_key: key("07700 900009"), ..sent(-5) };
    let no_alert = DeliveryRow { alert_id: None, ..sent(-5) };
    let expected = [until.id, middle.id, from.id];
    deliveries::insert(&mut db.write().await, vec![old, middle, from, until, late, never, other_number, other_person, no_alert]).await.unwrap();
    let found = deliveries::list_pair(&mut db.read().await, &key("07700 900001"), OUR_NUMBER, now().plus_ms(-10), now()).await.unwrap();
    assert_eq!(ids(&found), expected);
});

on_both!(the_alerts_that_reached_a_person_are_listed_by_alert_and_by_kind_of_channel, async |db| {
    let (first, second) = (db.new_alert(1), db.new_alert(1));
    let sent = |alert: &_, to: &str, ms: i64| DeliveryRow { sending_at: Some(now().plus_ms(ms)), ..db.new_delivery(alert, to) };
    let (one, two) = (sent(&first, "07700 900001", -20), sent(&second, "07700 900001", -10));
    let reply = DeliveryRow { purpose: "reply".into(), ..sent(&second, "07700 900001", -5) };
    let mail = DeliveryRow { match_key: key("07700 900001"), ..sent(&first, "jo@example.org", -5) };
    let waiting = db.new_delivery(&db.new_alert(1), "07700 900001");
    let other = sent(&first, "07700 900002", -5);
    deliveries::insert(&mut db.write().await, vec![one.clone(), two.clone(), reply.clone(), mail.clone(), waiting.clone(), other]).await.unwrap();
    let who = key("07700 900001");
    let mut conn = db.read().await;
    let found = deliveries::list_of_alerts_to(&mut conn, &who, &[second.id, waiting.source_id]).await.unwrap();
    assert_eq!(sorted(&found), [two.id, reply.id], "what never left is not evidence");
    assert_eq!(ids(&deliveries::list_alerts_to(&mut conn, &who, "sms", now().plus_ms(-20)).await.unwrap()), [two.id, one.id]);
    assert_eq!(ids(&deliveries::list_alerts_to(&mut conn, &who, "sms", now().plus_ms(-19)).await.unwrap()), [two.id]);
    assert_eq!(ids(&deliveries::list_alerts_to(&mut conn, &who, "email", now().plus_ms(-20)).await.unwrap()), [mail.id]);
});

on_both!(doubtful_hand_overs_of_an_alert_are_listed_and_no_others, async |db| {
    let alert = db.new_alert(1);
    let doubtful = |to: &str, alert: &_| DeliveryRow { status: "unconfirmed".into(), ..db.new_delivery(alert, to) };
    let rows = vec![
        doubtful("07700 900001", &alert),
        db.new_delivery(&alert, "07700 900002"),
        doubtful("07700 900003", &alert),
        doubtful("07700 900001", &db.new_alert(1)),
    ];
    let (expected, again, other) = ([rows[0].id, rows[1].id, rows[2].id], rows[1].id, rows[3].id);
    let mut conn = db.write().await;
    deliveries::insert(&mut conn, rows).await.unwrap();
    let attempt = |delivery_id, outcome: &str| AttemptRow {
        id: db.id(),
        delivery_id,
        number: 1,
        outcome: outcome.into(),
        provider_message_id: None,
        error_code: None,
        error_detail: None,
        finished_at: now(),
    };
    deliveries::insert_attempts(&mut conn, vec![attempt(again, "unknown")]).await.unwrap();
    for id in [again, other] {
        deliveries::note_sent_again(&mut conn, attempt(id, "sent_again")).await.unwrap();
    }
    drop(conn);
    let listed = deliveries::list_doubtful(&mut db.read().await, alert.id, 10).await.unwrap();
    assert_eq!(listed.iter().map(|row| row.delivery.id).collect::<Vec<_>>(), expected);
    assert_eq!(listed.iter().map(|row| row.sent_again).collect::<Vec<_>>(), [false, true, false]);
    assert_eq!(deliveries::list_doubted(&mut db.read().await, &[again]).await.unwrap(), [again], "no channel is changed after it");
});

on_both!(attempts_come_back_in_order_and_each_number_is_kept_once, async |db| {
    let attempt = |delivery_id, number, outcome: &str| AttemptRow {
        id: db.id(),
        delivery_id,
        number,
        outcome: outcome.into(),
        provider_message_id: (outcome == "accepted").then(|| "SM1".into()),
        error_code: (outcome != "accepted").then(|| "20429".into()),
        error_detail: None,
        finished_at: now(),
    };
    let rows = vec![attempt(5, 2, "accepted"), attempt(5, 1, "retryable"), attempt(6, 1, "failed")];
    let mut conn = db.write().await;
    assert_eq!(deliveries::insert_attempts(&mut conn, rows).await.unwrap(), 3);
    assert_eq!(deliveries::insert_attempts(&mut conn, vec![attempt(5, 2, "failed")]).await.unwrap(), 0);
    let found = deliveries::list_attempts(&mut conn, 5).await.unwrap();
    let told: Vec<_> = found.iter().map(|row| (row.number, row.outcome.as_str(), row.error_code.as_deref(), row.finished_at)).collect();
    assert_eq!(told, [(1, "retryable", Some("20429"), now()), (2, "accepted", None, now())]);
});

on_both!(a_stop_holds_back_what_waits_for_that_address_on_that_channel, async |db| {
    let make = |purpose: &str, status: &str, to: &str| DeliveryRow { purpose: purpose.into(), status: status.into(), ..db.new_delivery(&db.new_alert(1), to) };
    let rows = vec![
        make("alert", "queued", "07700 900001"),
        make("reply", "queued", "07700 900001"),
        make("opt_out_confirmation", "queued", "07700 900001"),
        make("alert", "sending", "07700 900001"),
        make("alert", "accepted", "07700 900001"),
        make("alert", "queued", "07700 900002"),
        DeliveryRow { match_key: key("07700 900001"), ..make("alert", "queued", "jo@example.org") },
    ];
    deliveries::insert(&mut db.write().await, rows.clone()).await.unwrap();
    assert_eq!(deliveries::suppress_waiting(&mut db.write().await, &key("07700 900001"), "sms", now()).await.unwrap(), 2);
    let mut conn = db.read().await;
    for (row, expected) in rows.iter().zip(["suppressed", "suppressed", "queued", "sending", "accepted", "queued", "queued"]) {
        let found = deliveries::find(&mut conn, row.id).await.unwrap().unwrap();
        assert_eq!(found.status, expected, "{} that was {} to {}", row.purpose, row.status, row.address);
        assert_eq!(found.finished_at.is_some(), expected == "suppressed");
    }
});

on_both!(deliveries_of_a_purpose_are_counted_since_a_moment, async |db| {
    let make =
        |purpose: &str, ms: i64, to: &str| DeliveryRow { purpose: purpose.into(), created_at: now().plus_ms(ms), ..db.new_delivery(&db.new_alert(1), to) };
    let rows = vec![
        make("code", 0, "07700 900001"),
        make("code", 1, "07700 900001"),
        make("code", 2, "07700 900001"),
        make("reply", 2, "07700 900001"),
        make("code", 2, "07700 900002"),
    ];
    deliveries::insert(&mut db.write().await, rows).await.unwrap();
    assert_eq!(deliveries::count_purpose_since(&mut db.read().await, &key("07700 900001"), "code", now()).await.unwrap(), 2);
});

on_both!(what_no_carrier_told_of_is_not_listed_among_what_is_in_doubt, async |db| {
    let alert = db.new_alert(1);
    let doubt = |code: Option<&str>, n: u32| DeliveryRow {
        status: "unconfirmed".into(),
        error_code: code.map(str::to_owned),
        ..db.new_delivery(&alert, &format!("07700 90{n:04}"))
    };
    let in_doubt = vec![doubt(Some("timeout"), 1), doubt(None, 2)];
    // An answer to somebody about the alert is no copy of it.
    let answer = DeliveryRow { purpose: "reply".into(), source_id: db.id(), ..doubt(Some("timeout"), 3) };
    let silent = (10..40).map(|n| doubt(Some("no_receipt"), n));
    deliveries::insert(&mut db.write().await, silent.chain(in_doubt.clone()).chain([answer]).collect()).await.unwrap();
    let mut conn = db.read().await;
    let listed = deliveries::list_doubtful(&mut conn, alert.id, 10).await.unwrap();
    assert_eq!(listed.iter().map(|row| row.delivery.id).collect::<Vec<_>>(), ids(&in_doubt));
    assert_eq!(deliveries::count_doubtful(&mut conn, alert.id).await.unwrap(), [("sms".to_owned(), 2)]);
});
