//! The pages of officers' own sign-in and of administrators: sound in every look, and worked through by hand once.

use huecry::domain::totp;
use huecry::store::accounts;

use crate::support::app::{PASSWORD, TestApp};
use crate::support::chromium::Chromium;
use crate::support::db::TestDb;

#[tokio::test(flavor = "multi_thread")]
async fn officers_set_up_codes_and_sign_in_with_one() {
    let db = TestDb::sqlite().await;
    let t = TestApp::start_with(&db, "", false).await;
    let desk = Chromium::start(&db, &t.url).await;
    desk.sign_in("owner@force.example", PASSWORD).await;
    desk.open("/me/security").await;
    desk.sees("h1", "Your sign-in").await;
    desk.picture("security").await;
    desk.page_is_sound("own sign-in").await;
    desk.fill("#old", "not it").await;
    desk.fill("#new", "short").await;
    desk.fill("#again", "short").await;
    desk.click(".slim-form button").await;
    desk.find(".error-summary").await;
    desk.was_refused_with(422).await;
    desk.page_is_sound("own sign-in with an error").await;
    desk.open("/me/security/codes").await;
    let secret = desk.sees(".secret", " ").await;
    desk.picture("codes").await;
    desk.page_is_sound("setting up codes").await;
    let secret = decode(&secret);
    desk.fill("#code", &totp::code(&secret, totp::step_at(t.app.now()) - 1)).await;
    desk.click(".slim-form button").await;
    desk.sees("h1", "Your recovery codes").await;
    desk.picture("recovery-codes").await;
    desk.page_is_sound("recovery codes").await;
    desk.open("/me/security/codes").await;
    desk.sees("h1", "Two-step sign-in").await;
    desk.page_is_sound("codes are on").await;
    desk.click(".who form button").await;
    desk.find("#email").await;
    desk.fill("#email", "owner@force.example").await;
    desk.fill("#password", PASSWORD).await;
    desk.click(".door button[type=submit]").await;
    desk.sees("h1", "Enter your code").await;
    desk.page_is_sound("the code").await;
    desk.fill("#code", "000000").await;
    desk.click(".door button[type=submit]").await;
    desk.sees(".error-summary", "not right").await;
    desk.was_refused_with(422).await;
    desk.fill("#code", &totp::code(&secret, totp::step_at(t.app.now()))).await;
    desk.click(".door button[type=submit]").await;
    desk.sees("#rows", "No conversations").await;
    desk.close().await;
    t.stop().await;
}

fn decode(text: &str) -> Vec<u8> {
    let bits: String = text.chars().filter_map(|letter| "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(letter)).map(|value| format!("{value:05b}")).collect();
    bits.as_bytes().chunks_exact(8).map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_administrators_pages_are_sound() {
    let db = TestDb::sqlite().await;
    let t = TestApp::start(&db).await;
    let desk = Chromium::start(&db, &t.url).await;
    desk.sign_in("admin@force.example", PASSWORD).await;
    let owner = accounts::find_officer_by_email(&mut db.read().await, "owner@force.example").await.unwrap().unwrap();
    for (path, heading, name) in [
        ("/admin/officers", "Officers", "officers"),
        ("/admin/officers/new", "Add an officer", "new-officer"),
        (&format!("/admin/officers/{}", owner.id), "PC owner", "officer"),
        ("/admin/teams", "Teams", "teams"),
        ("/admin/areas", "Areas", "areas"),
        ("/admin/groups", "Interest groups", "groups"),
        ("/admin/channels", "Channels", "channels"),
        ("/admin/keys", "API keys", "keys"),
        ("/admin/audit", "Audit log", "audit"),
    ] {
        desk.open(path).await;
        desk.sees("h1", heading).await;
        desk.picture(name).await;
        desk.page_is_sound(name).await;
    }
    desk.open("/admin/officers?q=zzz").await;
    desk.sees(".empty", "Nobody found").await;
    desk.page_is_sound("no officer found").await;
    desk.open("/admin/keys").await;
    desk.click("#add ~ form button").await;
    desk.find(".error-summary").await;
    desk.was_refused_with(422).await;
    desk.page_is_sound("keys with an error").await;
    desk.fill("#name", "Control room").await;
    desk.click("#scope-alerts").await;
    desk.click("#add ~ form button").await;
    desk.sees(".shown-once", "hc_").await;
    desk.page_is_sound("a new key").await;
    desk.open(&format!("/admin/officers/{}", owner.id)).await;
    desk.click("form[action$='/reset-link'] button").await;
    desk.sees(".shown-once", "on its way").await;
    desk.picture("reset-link").await;
    desk.page_is_sound("a link for a new password").await;
    let link = t.wait_for_mails("owner@force.example", 1).await[0]["text"].as_str().unwrap().to_owned();
    let link = link.split_whitespace().find(|word| word.contains("/reset/")).unwrap().to_owned();
    desk.open(link.strip_prefix(&t.url).unwrap()).await;
    desk.sees("h1", "Choose a new password").await;
    desk.page_is_sound("choosing a new password").await;
    desk.close().await;
    t.stop().await;
}
