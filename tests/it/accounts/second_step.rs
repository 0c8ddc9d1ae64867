//! Codes of an authenticator app beside the password.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use huecry::on;
use huecry::store::schema::{officer_factors, recovery_codes};

use super::{ADMIN, OFFICER, acts_on, code, id_of, set_up, sign_in};
use crate::support::app::{PASSWORD, TestApp};
use crate::support::browser::{Client, value_of_hidden};
use crate::support::db::TestDb;

/// The password is given; now this code.
async fn with_code(client: &mut Client, typed: &str) -> (u16, String) {
    let asked = sign_in(client, OFFICER, PASSWORD).await;
    assert_eq!(asked.status, 200, "{}", asked.body);
    assert_eq!(client.get("/inbox").await.status, 303, "the password alone is not enough");
    let ticket = value_of_hidden(&asked.body, "ticket").unwrap();
    let answer = client.submit("/sign-in/code", &[("ticket", &ticket), ("code", typed), ("next", "")]).await;
    (answer.status, answer.body)
}

on_both!(a_code_of_the_app_is_asked_for_and_counts_once, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let mut at_work = t.officer(OFFICER).await;
    let (secret, codes) = set_up(&t, &mut at_work).await;
    assert_eq!(codes.len(), 10);
    let now = t.app.now();
    let mut elsewhere = t.visitor();
    assert_eq!(with_code(&mut elsewhere, &code(&secret, now, -1)).await.0, 422, "the code that confirmed the app is used up");
    assert_eq!(with_code(&mut elsewhere, &code(&secret, now, 40)).await.0, 422);
    assert_eq!(with_code(&mut elsewhere, &code(&secret, t.app.now(), 0)).await.0, 303);
    assert_eq!(elsewhere.get("/inbox").await.status, 200);
    let (status, body) = with_code(&mut t.visitor(), &code(&secret, now, 0)).await;
    assert!(status == 422 && body.contains("was used already"), "{status} {body}");
    assert_eq!(with_code(&mut t.visitor(), &code(&secret, t.app.now(), 1)).await.0, 303, "a phone whose clock is half a minute fast");
    let acts = acts_on(db, id_of(db, OFFICER).await).await;
    assert!(acts.contains(&"officer.second_step_on".to_owned()) && acts.contains(&"officer.sign_in_failed".to_owned()), "{acts:?}");
    t.stop().await;
});

on_both!(a_recovery_code_signs_in_once_and_new_ones_take_the_place_of_the_old, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let mut at_work = t.officer(OFFICER).await;
    let (secret, codes) = set_up(&t, &mut at_work).await;
    assert_eq!(with_code(&mut t.visitor(), &codes[0].to_uppercase().replace('-', " ")).await.0, 303, "as it was written down");
    assert_eq!(with_code(&mut t.visitor(), &codes[0]).await.0, 422);
    assert!(at_work.get("/me/security/codes").await.body.contains("9 of 10"));
    let anew = at_work.submit("/me/security/codes/new", &[("code", &code(&secret, t.app.now(), 0))]).await;
    assert!(anew.status == 200 && !anew.body.contains(&codes[1]), "{}", anew.body);
    assert_eq!(with_code(&mut t.visitor(), &codes[1]).await.0, 422);
    t.stop().await;
});

on_both!(neither_the_secret_nor_a_recovery_code_stands_in_the_database, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let (secret, codes) = set_up(&t, &mut t.officer(OFFICER).await).await;
    let mut conn = db.read().await;
    let sealed: Vec<Option<Vec<u8>>> = on!(&mut conn, c => officer_factors::table.select(officer_factors::totp_sealed).load(c).await).unwrap();
    let sealed = sealed[0].clone().unwrap();
    assert!(sealed.len() > secret.len() && !sealed.windows(4).any(|part| secret.windows(4).any(|bare| bare == part)));
    let digests: Vec<Vec<u8>> = on!(&mut conn, c => recovery_codes::table.select(recovery_codes::code_digest).load(c).await).unwrap();
    let bare: Vec<String> = codes.iter().map(|code| code.replace('-', "")).collect();
    assert!(
        digests.len() == 10
            && digests.iter().all(|digest| digest.len() == 32 && !bare.iter().any(|code| digest.windows(12).any(|part| part == code.as_bytes())))
    );
    t.stop().await;
});

on_both!(a_borrowed_session_cannot_take_the_app_away_and_its_owner_can, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let mut client = t.officer(OFFICER).await;
    let (secret, _) = set_up(&t, &mut client).await;
    client.get("/me/security/codes").await;
    assert_eq!(client.submit("/me/security/codes/off", &[("code", "000000")]).await.status, 422);
    assert_eq!(client.submit("/me/security/codes/new", &[("code", "")]).await.status, 422);
    assert_eq!(sign_in(&mut t.visitor(), OFFICER, PASSWORD).await.status, 200, "it is still asked for");
    assert_eq!(client.submit("/me/security/codes/off", &[("code", &code(&secret, t.app.now(), 0))]).await.status, 303);
    assert_eq!(sign_in(&mut t.visitor(), OFFICER, PASSWORD).await.status, 303);
    t.stop().await;
});

on_both!(where_codes_are_required_nothing_else_opens_before_they_are_set_up, async |db| {
    let t = required(db, "required").await;
    let mut client = t.officer(ADMIN).await;
    for path in ["/admin", "/press", "/alerts", "/events"] {
        let answer = client.get(path).await;
        assert_eq!((answer.status, answer.location.as_deref()), (303, Some("/me/security/codes")), "{path}");
    }
    assert!(client.get("/me/security/codes").await.body.contains("asks everybody for a code"));
    set_up(&t, &mut client).await;
    assert_eq!(client.get("/admin").await.status, 200);
    t.stop().await;
});

on_both!(where_codes_are_off_nobody_is_asked, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    set_up(&t, &mut t.officer(OFFICER).await).await;
    t.stop().await;
    let t = required(db, "off").await;
    assert_eq!(sign_in(&mut t.visitor(), OFFICER, PASSWORD).await.status, 303);
    assert_eq!(t.officer(OFFICER).await.get("/me/security/codes").await.status, 404);
    t.stop().await;
});

async fn required(db: &TestDb, word: &str) -> TestApp {
    TestApp::start_with(db, &format!("# security totp = \"{word}\""), false).await
}

on_both!(a_ticket_counts_in_its_own_browser_and_for_ten_minutes, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let (secret, _) = set_up(&t, &mut t.officer(OFFICER).await).await;
    let mut client = t.visitor();
    let ticket = value_of_hidden(&sign_in(&mut client, OFFICER, PASSWORD).await.body, "ticket").unwrap();
    let mut other = t.visitor();
    other.get("/sign-in").await;
    let typed = code(&secret, t.app.now(), 0);
    let stolen = other.submit("/sign-in/code", &[("ticket", &ticket), ("code", &typed), ("next", "")]).await;
    assert!(stolen.status == 422 && stolen.body.contains("Sign in again"), "{}", stolen.body);
    t.app.clock().advance_ms(10 * 60_000 + 1);
    let typed = code(&secret, t.app.now(), 0);
    let late = client.submit("/sign-in/code", &[("ticket", &ticket), ("code", &typed), ("next", "")]).await;
    assert!(late.status == 422 && late.body.contains("Sign in again"), "{}", late.body);
    t.stop().await;
});
