//! A resident joins by phone, and the press desk sees the county answer.

use crate::support::app::{PASSWORD, POSTCODE, TestApp};
use crate::support::chromium::Chromium;
use crate::support::db::TestDb;

const ANN: &str = "+447700900150";

/// The six digits in a text.
pub(super) fn code_in(text: &str) -> String {
    text.split(|c: char| !c.is_ascii_digit()).find(|word| word.len() == 6).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resident_joins_on_a_phone_and_the_press_chart_shows_their_answer_by_itself() {
    let db = TestDb::sqlite().await;
    let t = TestApp::start(&db).await;
    let press = Chromium::start(&db, &t.url).await;
    press.sign_in("press@force.example", PASSWORD).await;
    press.sees("h1", "Public response").await;
    press.sees("[data-live-state]", "Live").await;
    press.mark().await;

    let phone = Chromium::start(&db, &t.url).await;
    phone.resize(360, 780).await;
    join(&t, &phone).await;

    let mut officer = t.officer("owner@force.example").await;
    t.publish(&mut officer, "White van", "Did you see a white van?").await;
    let texts = t.wait_for_texts(ANN, 2).await;
    assert!(texts[1].1.contains("Did you see a white van?"), "{texts:?}");
    press.sees("#figures .totals > div:nth-child(4)", "1").await;
    press.sees("#figures caption + thead + tbody", "White van").await;
    press.sees("#figures .totals > div:nth-child(1)", "0").await;
    let chart = "return document.querySelector('.chart-frame svg').outerHTML";
    let before = press.script(chart).await;
    t.text(ANN, &texts[1].0, "Yes, by the church").await;
    press.sees("#figures .totals > div:nth-child(1)", "1").await;
    assert_ne!(press.script(chart).await, before, "the chart has a bar now");
    assert!(press.is_marked().await, "all of it on the page that was open");
    press.console_is_quiet().await;
    press.close().await;
    phone.close().await;
    t.stop().await;
}

/// Goes from the front page to "You have joined", with one mistake on the way, and reads the account.
async fn join(t: &TestApp, phone: &Chromium) {
    phone.open("/").await;
    phone.click("a.button.big").await;
    phone.fill("#postcode", "SW1A 1AA").await;
    phone.click(".big").await;
    phone.sees(".error-summary", "postcode in Derbyshire").await;
    phone.was_refused_with(422).await;
    assert_eq!(phone.script("return document.activeElement.className").await, "error-summary", "the summary has the focus");
    assert_eq!(phone.value("#postcode").await, "SW1A 1AA");
    phone.fill("#postcode", "de451aa").await;
    phone.click(".big").await;
    phone.click("input[value='cctv-owners']").await;
    phone.click(".big").await;
    phone.fill("#name", "Ann Archer").await;
    phone.click("#by_sms").await;
    phone.fill("#phone", "07700 900150").await;
    phone.click(".big").await;
    phone.sees(".summary", POSTCODE).await;
    phone.sees(".summary", "Ann Archer").await;
    phone.click(".big").await;
    phone.find("#code").await;
    let code = code_in(&t.wait_for_texts(ANN, 1).await[0].1);
    phone.fill("#code", &code).await;
    phone.click(".big").await;
    phone.sees("h1", "You have joined").await;
    phone.open("/account").await;
    assert_eq!(phone.value("#name").await, "Ann Archer", "joining signs in");
    phone.console_is_quiet().await;
}
