//! Pausing, taking back and quiet hours, as officers and partners see them and as they arrive on phones.

use chrono::{Datelike, TimeZone};
use chrono_tz::Europe::London;
use diesel_async::RunQueryDsl;
use huecry::domain::At;
use huecry::outbound::fan_out::{self, Pace};
use huecry::store::alerts::AlertRow;
use huecry::store::deliveries::DeliveryRow;
use huecry::store::{Conn, gates, residents};
use serde_json::{Value, json};

use crate::support::app::{SECTOR, TestApp, eventually};
use crate::support::db::TestDb;

/// So many residents of the sector, each with a phone.
async fn crowd(db: &TestDb, t: &TestApp, count: usize) {
    let people: Vec<_> = (0..count).map(|_| db.new_resident("DE45 1AA")).collect();
    let addresses = people.iter().enumerate().map(|(n, person)| db.new_address(person.id, &phone(n))).collect();
    let areas = people.iter().flat_map(|person| t.areas.iter().map(|area| (person.id, area.id))).collect();
    let mut conn = db.write().await;
    conn.transaction(async |conn| {
        residents::insert(conn, people.clone()).await?;
        residents::insert_addresses(conn, addresses).await?;
        residents::insert_areas(conn, areas).await
    })
    .await
    .unwrap();
}

fn phone(n: usize) -> String {
    format!("+447700900{n:03}")
}

/// As it stands at this moment: a count that took long is otherwise given again for a while.
async fn status(t: &TestApp, key: &str, reference: &str) -> Value {
    let alert = huecry::store::alerts::find_by_reference(&mut t.app.read().await.unwrap(), reference).await.unwrap().unwrap();
    t.app.tallies().forget(alert.id);
    t.api(key, &format!("/api/v1/alerts/{reference}")).await
}

async fn post(t: &TestApp, key: &str, path: &str, body: Value) -> (u16, Value) {
    let answer = t.http().post(format!("{}{path}", t.url)).bearer_auth(key).json(&body).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap())
}

async fn act(t: &TestApp, officer: &mut crate::support::browser::Client, reference: &str, act: &str) -> (u16, String) {
    let path = format!("/alerts/{reference}");
    officer.get(&path).await;
    let answer = officer.submit(&format!("{path}/hold"), &[("act", act)]).await;
    let page = officer.get(&path).await.body;
    let _ = t;
    (answer.status, page)
}

on_both!(a_paused_alert_stays_until_it_is_let_go_on_and_only_some_may_hold_it, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    crowd(db, &t, 20).await;
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "Van", "Seen it?").await;
    for nobody in ["mate@force.example", "stranger@force.example", "admin@force.example"] {
        assert_eq!(act(&t, &mut t.officer(nobody).await, &reference, "take_back").await.0, 403, "{nobody}");
    }
    // Before anything is queued.
    let (code, page) = act(&t, &mut officer, &reference, "pause").await;
    assert!(code == 303 && page.contains("Paused. Nothing more leaves") && page.contains("paused: nothing leaves"), "{page}");
    let pace = Pace::of(&t.app);
    assert!(!fan_out::run_once(&t.app, &pace).await.unwrap(), "a paused alert is not fanned out either");
    let mut press = t.officer("press@force.example").await;
    let (_, page) = act(&t, &mut press, &reference, "resume").await;
    assert!(page.contains("It goes on."), "{page}");
    while fan_out::run_once(&t.app, &pace).await.unwrap() {}
    // When all is queued.
    act(&t, &mut officer, &reference, "pause").await;
    let channel = t.app.channels().find("sms").unwrap().clone();
    let (dispatcher, _recorder) = huecry::outbound::dispatch::Dispatcher::start(&t.app, &channel);
    assert_eq!(dispatcher.run_once().await.unwrap(), 0);
    let key = t.key(&["alerts"]).await;
    let paused = status(&t, &key, &reference).await;
    assert_eq!((&paused["hold"], &paused["totals"]), (&json!("paused"), &json!({ "held": 20 })));
    let (code, again) = post(&t, &key, &format!("/api/v1/alerts/{reference}/pause"), json!({})).await;
    assert_eq!((code, &again["hold"]), (200, &json!("paused")), "asked twice, it stands as asked");
    let (code, back) = post(&t, &key, &format!("/api/v1/alerts/{reference}/resume"), json!({})).await;
    assert_eq!((code, &back["hold"], &back["totals"]), (200, &Value::Null, &json!({ "queued": 20 })));
    while dispatcher.run_once().await.unwrap() > 0 {}
    for n in 0..20 {
        assert_eq!(t.wait_for_texts(&phone(n), 1).await.len(), 1);
    }
    let id = huecry::store::alerts::find_by_reference(&mut db.read().await, &reference).await.unwrap().unwrap().id;
    let actions = huecry::store::audit_log::list_of(&mut db.read().await, "alert", id).await.unwrap();
    let actions: Vec<&str> = actions.iter().map(|row| row.action.as_str()).collect();
    assert_eq!(actions.iter().filter(|action| **action == "alert.pause").count(), 2);
    assert_eq!(actions.iter().filter(|action| **action == "alert.resume").count(), 2);
    t.stop().await;
});

on_both!(what_is_taken_back_while_it_goes_out_has_left_or_does_not_leave_and_can_be_let_go_on, async |db| {
    let t = TestApp::start(db).await;
    crowd(db, &t, 600).await;
    let mut officer = t.officer("owner@force.example").await;
    let key = t.key(&["alerts"]).await;
    let reference = t.publish(&mut officer, "Van", "Seen it?").await;
    eventually("some to have left", async || status(&t, &key, &reference).await["totals"]["accepted"].as_i64().filter(|count| *count > 0)).await;
    let (code, _) = post(&t, &key, &format!("/api/v1/alerts/{reference}/take-back"), json!({})).await;
    assert_eq!(code, 200);
    let hand_overs = async || {
        let mut count = 0;
        for n in 0..600 {
            count += t.texts(&phone(n)).await.len();
        }
        i64::try_from(count).unwrap()
    };
    // What was in the provider's hands at that moment comes to its end.
    let after = eventually("the last to be settled", async || {
        let now = status(&t, &key, &reference).await;
        let none = |word: &str| now["totals"][word].as_i64().unwrap_or(0) == 0;
        Some(now.clone()).filter(|_| none("sending") && none("queued") && none("leased"))
    })
    .await;
    let of = |word: &str| after["totals"][word].as_i64().unwrap_or(0);
    let left = of("accepted") + of("delivered");
    assert_eq!((after["status"].as_str(), after["hold"].as_str()), (Some("taken_back"), Some("taken_back")));
    assert_eq!(hand_overs().await, left, "the carrier has what we say has left: {after}");
    let page = officer.get(&format!("/alerts/{reference}")).await.body;
    assert!(page.contains("Taken back"), "{page}");
    assert!(page.contains(&format!("{left} had left, {} taken back", 600 - left)), "{page}");
    assert!(!t.visitor().get("/").await.body.contains(&reference) || !t.visitor().get("/").await.body.contains("Seen it?"), "not on the public page");

    let (code, _) = post(&t, &key, &format!("/api/v1/alerts/{reference}/resume"), json!({})).await;
    assert_eq!(code, 200);
    eventually("all to have left", async || {
        let now = status(&t, &key, &reference).await;
        let of = |word: &str| now["totals"][word].as_i64().unwrap_or(0);
        (now["status"] == "live" && of("accepted") + of("delivered") == 600).then_some(())
    })
    .await;
    for n in 0..600 {
        assert_eq!(t.texts(&phone(n)).await.len(), 1, "each has it once");
    }
    t.stop().await;
});

/// How long until a second after the clock on the wall in London shows this.
fn until(now: At, hour: u32, minute: u32) -> i64 {
    let local = now.utc().with_timezone(&London);
    let today = London.with_ymd_and_hms(local.year(), local.month(), local.day(), hour, minute, 0).earliest().unwrap();
    let then = if At::from(today.to_utc()) > now { today } else { today + chrono::Duration::days(1) };
    At::from(then.to_utc()).since_ms(now) + 1_000
}

on_both!(a_routine_alert_of_the_night_goes_out_in_the_morning_and_an_urgent_one_at_once, async |db| {
    let t = TestApp::start_with(db, "# quiet 21:00-08:00\n", true).await;
    crowd(db, &t, 3).await;
    t.app.clock().advance_ms(until(t.app.now(), 23, 0));
    let mut officer = t.officer("owner@force.example").await;
    officer.get("/alerts/new").await;
    let preview = officer.submit("/alerts/preview", &[("urgency", "routine"), ("sms_text", "Seen it?"), ("area", SECTOR)]).await;
    assert!(preview.body.contains("it goes out tomorrow at 08:00 unless you mark it urgent"), "{}", preview.body);
    let reference = t.publish(&mut officer, "Night van", "Seen it in the night?").await;
    let page = officer.get(&format!("/alerts/{reference}")).await.body;
    assert!(page.contains("it goes out tomorrow at 08:00 when quiet hours end") && page.contains("Scheduled"), "{page}");
    assert!(!t.visitor().get("/").await.body.contains("Seen it in the night?"));
    let key = t.key(&["alerts"]).await;
    let body = json!({ "urgency": "urgent", "title": "Now", "sms_text": "Right now", "areas": [SECTOR], "owner_email": "owner@force.example" });
    let (code, urgent) = post(&t, &key, "/api/v1/alerts", body).await;
    assert_eq!((code, &urgent["starts_at"]), (201, &Value::Null));
    assert!(t.wait_for_texts(&phone(0), 1).await[0].1.contains("Right now"));
    assert_eq!(status(&t, &key, &reference).await["status"], "scheduled");
    // Somebody who joins meanwhile gets it: the audience is that of the morning.
    t.add_resident(db, "New", &["+447700900900"], &[]).await;
    t.app.clock().advance_ms(until(t.app.now(), 8, 0));
    assert!(t.wait_for_texts(&phone(0), 2).await[1].1.contains("in the night"));
    assert_eq!(t.wait_for_texts("+447700900900", 1).await.len(), 1);
    t.stop().await;
});

on_both!(what_still_goes_out_when_quiet_hours_begin_goes_on_when_they_end, async |db| {
    let t = TestApp::start_with(db, "# quiet 21:00-08:00\n", false).await;
    crowd(db, &t, 5).await;
    t.app.clock().advance_ms(until(t.app.now(), 20, 0));
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "Van", "Seen it?").await;
    let pace = Pace::of(&t.app);
    while fan_out::run_once(&t.app, &pace).await.unwrap() {}
    let key = t.key(&["alerts"]).await;
    let settle = async || {
        while huecry::outbound::hold::run_once(&t.app).await.unwrap() {}
    };
    settle().await;
    assert_eq!(status(&t, &key, &reference).await["totals"], json!({ "queued": 5 }));
    t.app.clock().advance_ms(until(t.app.now(), 21, 0));
    settle().await;
    let held = status(&t, &key, &reference).await;
    assert_eq!((&held["hold"], &held["totals"]), (&json!("quiet"), &json!({ "held": 5 })));
    // The session has run out by the clock; the officer comes back.
    let mut officer = t.officer("owner@force.example").await;
    assert!(officer.get(&format!("/alerts/{reference}")).await.body.contains("quiet hours: it goes on tomorrow at 08:00"));
    t.app.clock().advance_ms(until(t.app.now(), 8, 0));
    settle().await;
    let back = status(&t, &key, &reference).await;
    assert_eq!((&back["hold"], &back["totals"]), (&Value::Null, &json!({ "queued": 5 })));
    t.stop().await;
});

on_both!(what_is_let_go_on_in_quiet_hours_wakes_nobody, async |db| {
    let t = TestApp::start_with(db, "# quiet 21:00-08:00\n", false).await;
    crowd(db, &t, 5).await;
    t.app.clock().advance_ms(until(t.app.now(), 20, 0));
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "Van", "Seen it?").await;
    let pace = Pace::of(&t.app);
    while fan_out::run_once(&t.app, &pace).await.unwrap() {}
    act(&t, &mut officer, &reference, "pause").await;
    t.app.clock().advance_ms(until(t.app.now(), 2, 0));
    let mut officer = t.officer("owner@force.example").await;
    let (_, page) = act(&t, &mut officer, &reference, "resume").await;
    assert!(page.contains("It waits for quiet hours to end, and goes on by itself.") && page.contains("quiet hours: it goes on today at 08:00"), "{page}");
    // Nobody has looked at the clock in between.
    let channel = t.app.channels().find("sms").unwrap().clone();
    let (dispatcher, _recorder) = huecry::outbound::dispatch::Dispatcher::start(&t.app, &channel);
    assert_eq!(dispatcher.run_once().await.unwrap(), 0);
    let key = t.key(&["alerts"]).await;
    assert_eq!(status(&t, &key, &reference).await["totals"], json!({ "held": 5 }));
    t.app.clock().advance_ms(until(t.app.now(), 8, 0));
    while huecry::outbound::hold::run_once(&t.app).await.unwrap() {}
    assert_eq!(status(&t, &key, &reference).await["totals"], json!({ "queued": 5 }));
    t.stop().await;
});

on_both!(an_alert_that_cannot_begin_keeps_no_other_from_being_hushed_or_settled, async |db| {
    let t = TestApp::start_with(db, "# quiet 21:00-08:00\n", false).await;
    crowd(db, &t, 3).await;
    t.app.clock().advance_ms(until(t.app.now(), 20, 0));
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "Van", "Seen it?").await;
    let pace = Pace::of(&t.app);
    while fan_out::run_once(&t.app, &pace).await.unwrap() {}
    let broken =
        AlertRow { status: "scheduled".into(), urgency: "urgent".into(), published_at: None, starts_at: Some(t.app.now()), ..db.new_alert(t.owner.id) };
    huecry::store::alerts::insert(&mut db.write().await, &broken, Vec::new(), &[], &[]).await.unwrap();
    // Whatever is wrong with it.
    let fault = format!("CREATE TRIGGER broken BEFORE UPDATE ON alerts WHEN OLD.id = {} BEGIN SELECT RAISE(ABORT, 'cannot begin'); END", broken.id);
    let faults = [
        "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'cannot begin'; END $$".to_owned(),
        format!("CREATE TRIGGER broken BEFORE UPDATE ON alerts FOR EACH ROW WHEN (OLD.id = {}) EXECUTE FUNCTION broken()", broken.id),
    ];
    match &mut db.write().await {
        Conn::Lite(c) => {
            diesel::sql_query(fault).execute(&mut **c).await.unwrap();
        }
        Conn::Pg(c) => {
            for fault in faults {
                diesel::sql_query(fault).execute(&mut **c).await.unwrap();
            }
        }
    }
    t.app.clock().advance_ms(until(t.app.now(), 21, 0));
    while huecry::outbound::hold::run_once(&t.app).await.unwrap() {}
    let key = t.key(&["alerts"]).await;
    let held = status(&t, &key, &reference).await;
    assert_eq!((&held["hold"], &held["totals"]), (&json!("quiet"), &json!({ "held": 3 })));
    t.stop().await;
});

on_both!(the_page_says_when_what_is_paused_is_past_its_time, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    crowd(db, &t, 2).await;
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "Van", "Seen it?").await;
    let pace = Pace::of(&t.app);
    while fan_out::run_once(&t.app, &pace).await.unwrap() {}
    let (_, page) = act(&t, &mut officer, &reference, "pause").await;
    assert!(page.contains("paused: nothing leaves until it is let go on"), "{page}");
    t.app.clock().advance_ms(73 * 3_600_000);
    let mut officer = t.officer("owner@force.example").await;
    let page = officer.get(&format!("/alerts/{reference}")).await.body;
    assert!(page.contains("its time was over ") && page.contains("what waits is not sent any more"), "{page}");
    t.stop().await;
});

on_both!(what_no_carrier_told_of_has_its_own_words, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let alert = db.add_alert(t.owner.id, &[]).await;
    let doubt = |code: &str, n: usize| DeliveryRow { status: "unconfirmed".into(), error_code: Some(code.into()), ..db.new_delivery(&alert, &phone(n)) };
    huecry::store::deliveries::insert(&mut db.write().await, vec![doubt("no_receipt", 1), doubt("no_receipt", 2)]).await.unwrap();
    let mut officer = t.officer("owner@force.example").await;
    let page = officer.get(&format!("/alerts/{}", alert.reference)).await.body;
    assert!(page.contains("No receipt") && page.contains("told nothing more in three days") && !page.contains("In doubt"), "{page}");
    assert!(!page.contains("We were interrupted"), "{page}");
    huecry::store::deliveries::insert(&mut db.write().await, vec![doubt("timeout", 3)]).await.unwrap();
    t.app.tallies().forget(alert.id);
    let page = officer.get(&format!("/alerts/{}", alert.reference)).await.body;
    assert!(page.contains("No receipt") && page.contains("In doubt") && page.contains("We were interrupted"), "{page}");
    t.stop().await;
});

on_both!(an_alert_for_a_named_time_waits_for_it, async |db| {
    let t = TestApp::start(db).await;
    crowd(db, &t, 2).await;
    let key = t.key(&["alerts"]).await;
    let at = t.app.now().plus_ms(3_600_000).rfc3339();
    let body = |starts_at: &str| json!({ "urgency": "urgent", "title": "Later", "sms_text": "At last", "areas": [SECTOR], "owner_email": "owner@force.example", "starts_at": starts_at });
    let (code, later) = post(&t, &key, "/api/v1/alerts", body(&at)).await;
    assert_eq!((code, &later["starts_at"], &later["starts_why"]), (201, &json!(at), &json!("asked")));
    for (when, told) in [
        ("at tea time".to_owned(), "Enter the day and time"),
        (t.app.now().plus_ms(-10 * 60_000).rfc3339(), "This time has passed. Leave it empty to send it now"),
        (t.app.now().plus_ms(101 * 24 * 3_600_000).rfc3339(), "within the next 100 days"),
    ] {
        let (code, wrong) = post(&t, &key, "/api/v1/alerts", body(&when)).await;
        let fault = &wrong["errors"][0];
        assert!(code == 422 && fault["field"] == "starts_at" && fault.to_string().contains(told), "{when}: {wrong}");
    }
    let reference = later["reference"].as_str().unwrap();
    assert_eq!(status(&t, &key, reference).await["status"], "scheduled");
    assert!(t.texts(&phone(0)).await.is_empty());
    t.app.clock().advance_ms(3_600_000);
    assert_eq!(t.wait_for_texts(&phone(1), 1).await.len(), 1);
    t.stop().await;
});

on_both!(a_stop_gives_back_what_was_being_fanned_out, async |db| {
    let t = TestApp::start(db).await;
    // Held, so that no worker goes on with it before the stop.
    let alert = AlertRow {
        status: "publishing".into(),
        hold: Some("paused".into()),
        fan_out_owner: Some(t.app.owner().to_owned()),
        fan_out_until: Some(t.app.now().plus_ms(60_000)),
        ..db.new_alert(t.owner.id)
    };
    huecry::store::alerts::insert(&mut db.write().await, &alert, Vec::new(), &[], &[]).await.unwrap();
    t.stop().await;
    let left = huecry::store::alerts::get(&mut db.read().await, alert.id).await.unwrap();
    assert_eq!((left.fan_out_owner, left.fan_out_until), (None, None));
});

on_both!(a_time_that_has_passed_is_refused_on_the_page_and_one_that_passed_while_it_lay_open_is_now, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    crowd(db, &t, 2).await;
    let mut officer = t.officer("owner@force.example").await;
    officer.get("/alerts/new").await;
    let publish = async |officer: &mut crate::support::browser::Client, starts_at: &str| {
        let token = huecry::domain::ids::public_id();
        let fields = [
            ("title", "Van"),
            ("kind", "appeal"),
            ("urgency", "routine"),
            ("sms_text", "Seen it?"),
            ("area", SECTOR),
            ("starts_at", starts_at),
            ("token", token.as_str()),
            ("action", "publish"),
        ];
        officer.submit("/alerts/new", &fields).await
    };
    let past = publish(&mut officer, "2025-11-01T10:00").await;
    assert!(past.status == 422 && past.body.contains("This time has passed. Leave it empty to send it now"), "{}: {}", past.status, past.body);
    let just_now = t.app.now().plus_ms(-2 * 60_000).rfc3339();
    let sent = publish(&mut officer, &just_now).await;
    assert_eq!(sent.status, 303, "{}", sent.body);
    let key = t.key(&["alerts"]).await;
    let reference = sent.location.unwrap().rsplit('/').next().unwrap().to_owned();
    let stands = status(&t, &key, &reference).await;
    assert_eq!((&stands["status"], &stands["starts_at"]), (&json!("publishing"), &Value::Null));
    t.stop().await;
});

on_both!(an_alert_that_reaches_nobody_is_refused_with_the_reason, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let mut officer = t.officer("owner@force.example").await;
    officer.get("/alerts/new").await;
    let token = huecry::domain::ids::public_id();
    let fields = [
        ("title", "Van"),
        ("kind", "appeal"),
        ("urgency", "routine"),
        ("sms_text", "Seen it?"),
        ("area", SECTOR),
        ("token", token.as_str()),
        ("action", "publish"),
    ];
    let page = officer.submit("/alerts/new", &fields).await;
    assert!(page.status == 422 && page.body.contains("Nobody would get this alert: no resident there has an address"), "{}: {}", page.status, page.body);
    // Somebody is there, and nobody of the group that it is for.
    crowd(db, &t, 1).await;
    let key = t.key(&["alerts"]).await;
    let body = json!({ "title": "Van", "sms_text": "Seen it?", "areas": [SECTOR], "groups": [t.groups[0].slug], "owner_email": "owner@force.example" });
    let (code, wrong) = post(&t, &key, "/api/v1/alerts", body).await;
    assert_eq!((code, &wrong["errors"][0]["field"]), (422, &json!("areas")), "{wrong}");
    assert!(wrong.to_string().contains("the 1 address there is left out, most for this reason: Not in the chosen interest groups"), "{wrong}");
    assert_eq!(huecry::store::views::alerts::count(&mut db.read().await, None).await.unwrap(), 0);
    t.stop().await;
});

/// An alert all of whose copies are made, standing so.
async fn standing(db: &TestDb, t: &TestApp, alert: AlertRow, copies: Vec<DeliveryRow>) -> AlertRow {
    let alert = AlertRow { fanned_out_at: Some(t.app.now()), ..alert };
    let texts = vec![db.new_text(&alert, "sms", "Seen it?")];
    let mut conn = db.write().await;
    huecry::store::alerts::insert(&mut conn, &alert, texts, &[], &[]).await.unwrap();
    let copies = copies.into_iter().map(|copy| DeliveryRow { source_id: alert.id, alert_id: Some(alert.id), ..copy }).collect();
    huecry::store::deliveries::insert(&mut conn, copies).await.unwrap();
    alert
}

on_both!(what_comes_back_after_a_change_of_mind_is_not_called_sent, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    // As it stands between the press of the button and the last chunk.
    let alert = AlertRow { unsettled: true, ..db.new_alert(t.owner.id) };
    let taken_back =
        |n: usize| DeliveryRow { status: "cancelled".into(), rank: 9, error_code: Some("taken_back".into()), ..db.new_delivery(&alert, &phone(n)) };
    let sent = DeliveryRow { status: "accepted".into(), rank: 3, accepted_at: Some(t.app.now()), ..db.new_delivery(&alert, &phone(0)) };
    let copies = vec![sent, taken_back(1), taken_back(2), db.new_delivery(&alert, &phone(3))];
    let alert = standing(db, &t, alert, copies).await;
    let mut officer = t.officer("owner@force.example").await;
    let key = t.key(&["alerts"]).await;
    let expected = json!({ "sent": 1, "waiting": 3, "failed": 0, "taken_back": 0 });
    let page = officer.get(&format!("/alerts/{}", alert.reference)).await.body;
    assert!(page.contains("1 of 4 messages are sent") && page.contains("Going out, 25 %"), "{page}");
    assert_eq!(status(&t, &key, &alert.reference).await["progress"], expected);
    while huecry::outbound::hold::run_once(&t.app).await.unwrap() {}
    let after = status(&t, &key, &alert.reference).await;
    assert_eq!((&after["progress"], &after["totals"]), (&expected, &json!({ "accepted": 1, "queued": 3 })));
    t.stop().await;
});

on_both!(what_failed_is_not_called_sent_and_the_providers_reason_stands_beside_it, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let alert = db.new_alert(t.owner.id);
    let copy = |n: usize, status: &str| DeliveryRow { status: status.into(), ..db.new_delivery(&alert, &phone(n)) };
    let refused =
        |n: usize| DeliveryRow { error_code: Some("21211".into()), error_detail: Some("Invalid 'To' Phone Number".into()), ..copy(n, "permanent_failure") };
    // It left, and came back.
    let unknown = DeliveryRow {
        accepted_at: Some(t.app.now()),
        error_code: Some("30005".into()),
        error_detail: Some("unknown destination".into()),
        ..copy(4, "permanent_failure")
    };
    let copies = vec![copy(0, "delivered"), copy(1, "accepted"), refused(2), refused(3), unknown];
    let alert = standing(db, &t, alert.clone(), copies).await;
    let mut officer = t.officer("owner@force.example").await;
    let page = officer.get(&format!("/alerts/{}", alert.reference)).await.body;
    assert!(page.contains("All 5 messages are dealt with: 3 sent, 2 could not be"), "{page}");
    assert!(page.contains("Phone Number (21211)</th><td class=\"n\">2</td>"), "{page}");
    assert!(page.contains("unknown destination (30005)</th><td class=\"n\">1</td>"), "{page}");
    let list = officer.get("/alerts?scope=all").await.body;
    assert!(list.contains(">Failed</th>") && list.contains("<span class=\"state live\">Sent</span>"), "{list}");
    let press = officer_sees_sent(&t).await;
    assert!(press.contains("<dt>Sent</dt><dd>3</dd>") && press.contains("<dt>Failed</dt>"), "{press}");
    t.stop().await;
});

async fn officer_sees_sent(t: &TestApp) -> String {
    t.officer("press@force.example").await.get("/press?hours=24").await.body
}

on_both!(an_alert_that_stands_behind_another_says_which, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let urgent = AlertRow { urgency: "life_at_risk".into(), published_at: Some(t.app.now()), ..db.new_alert(t.owner.id) };
    let first = standing(db, &t, urgent.clone(), vec![db.new_delivery(&urgent, &phone(0))]).await;
    let routine = AlertRow { published_at: Some(t.app.now()), ..db.new_alert(t.owner.id) };
    let second = standing(db, &t, routine.clone(), vec![db.new_delivery(&routine, &phone(1))]).await;
    let mut officer = t.officer("owner@force.example").await;
    let page = officer.get(&format!("/alerts/{}", second.reference)).await.body;
    assert!(page.contains(&format!("waiting: alert {} goes first", first.reference)), "{page}");
    let page = officer.get(&format!("/alerts/{}", first.reference)).await.body;
    assert!(!page.contains("goes first") && page.contains("left at the agreed rate"), "{page}");
    // Whoever looks from outside sees it first too, though it is the older one.
    let front = t.visitor().get("/").await.body;
    assert!(front.find(&first.reference) < front.find(&second.reference), "{front}");
    t.stop().await;
});

on_both!(an_alert_whose_provider_asked_for_patience_or_does_not_answer_says_so, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let alert = AlertRow { published_at: Some(t.app.now()), ..db.new_alert(t.owner.id) };
    let hangs = DeliveryRow { status: "sending".into(), rank: 1, sending_at: Some(t.app.now().plus_ms(-60_000)), ..db.new_delivery(&alert, &phone(1)) };
    let called = DeliveryRow { status: "sending".into(), rank: 1, sending_at: Some(t.app.now()), ..db.new_delivery(&alert, &phone(2)) };
    let copies = vec![db.new_delivery(&alert, &phone(0)), hangs, called];
    let alert = standing(db, &t, alert, copies).await;
    db.write()
        .await
        .transaction(async |conn| {
            let (gate, clock) = gates::lock(conn, "sms").await?;
            gates::put(conn, &gates::GateRow { paused_until: Some(clock.plus_ms(60_000)), ..gate }).await
        })
        .await
        .unwrap();
    let mut officer = t.officer("owner@force.example").await;
    let page = officer.get(&format!("/alerts/{}", alert.reference)).await.body;
    assert!(page.contains("waiting: the provider asks for patience until "), "{page}");
    assert!(page.contains("Hand-over in doubt") && page.contains("it is asked whether it has them") && page.contains("The provider is being called"), "{page}");
    assert!(page.contains("Not sent again: it is listed as in doubt"), "{page}");
    t.stop().await;
});
