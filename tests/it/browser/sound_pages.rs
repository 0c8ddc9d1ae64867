//! Every page, light and dark, on a phone and at a desk: nothing that axe-core objects to, nothing wider than its window, no
//! error in the console. Pictures of the main ones are taken on the way if HUECRY_TEST_SHOTS names a folder.

use huecry::demo::seed::PASSWORD as SEED_PASSWORD;

use super::county;
use super::residents::code_in;
use crate::support::app::{DISTRICT, TestApp};
use crate::support::chromium::Chromium;
use crate::support::db::TestDb;

const ANN: &str = "+447700900150";
const VAN: &str = "Did you see a white van with ladders on Mill Lane, Bakewell, between 9 and 10 last night? Three sheds were broken into.";

#[tokio::test(flavor = "multi_thread")]
async fn the_officers_pages_are_sound() {
    let db = TestDb::sqlite().await;
    let t = TestApp::start(&db).await;
    let planted = county::plant(&db, &t).await;
    let desk = Chromium::start(&db, &t.url).await;
    desk.open("/sign-in").await;
    desk.page_is_sound("sign-in").await;
    desk.fill("#email", "nobody@derbyshire.example").await;
    desk.fill("#password", "wrong").await;
    desk.click(".door button[type=submit]").await;
    desk.sees(".error-summary", "not right").await;
    desk.was_refused_with(422).await;
    desk.page_is_sound("sign-in with an error").await;

    desk.sign_in(&county::sergeant(&planted), SEED_PASSWORD).await;
    desk.sees("#rows", "No conversations waiting for you").await;
    desk.page_is_sound("empty inbox").await;
    desk.press("?").await;
    desk.find("dialog[open]").await;
    desk.page_is_sound("shortcuts").await;
    desk.open("/alerts").await;
    desk.page_is_sound("empty list of alerts").await;

    let reference = compose(&desk).await;
    desk.sees("#progress h2", "All ").await;
    let county = county::stir(&db, &t, &planted, &reference).await;
    alerts(&t, &desk, &county, &reference).await;
    inbox(&t, &desk, &county).await;
    outcome(&desk, &reference).await;
    press_and_admin(&db, &t).await;
    desk.close().await;
    t.stop().await;
}

/// The form empty, with errors, and with its preview; then it is published.
async fn compose(desk: &Chromium) -> String {
    desk.open("/alerts/new").await;
    desk.page_is_sound("compose, empty").await;
    desk.fill("#title", "White van on Mill Lane").await;
    desk.click("button[value=preview]").await;
    desk.find(".error-summary").await;
    desk.page_is_sound("compose with errors").await;
    desk.open("/alerts/new").await;
    desk.fill("#title", "White van on Mill Lane").await;
    desk.fill("#sms_text", VAN).await;
    desk.fill("#email_subject", "Did you see a white van in Bakewell?").await;
    desk.fill(
        "#email_body",
        "Three sheds on Mill Lane, Bakewell, were broken into last night.\n\nIf you saw a white van with ladders on its roof, answer this e-mail.",
    )
    .await;
    // Their own district, without a press.
    desk.find(&format!("input[value='{DISTRICT}']:checked")).await;
    desk.sees("#preview .phone-text", "white van with ladders").await;
    desk.sees("[data-publish]", "Publish to").await;
    desk.script("scrollTo(0, 0); document.activeElement.blur()").await;
    desk.picture("compose").await;
    desk.page_is_sound("compose with its preview").await;
    desk.click("[data-publish]").await;
    desk.sees(".notice", "Published as").await;
    desk.path().await.rsplit('/').next().unwrap().to_owned()
}

async fn alerts(t: &TestApp, desk: &Chromium, county: &county::County, reference: &str) {
    let mut colleague = t.visitor();
    colleague.get("/sign-in").await;
    colleague.submit("/sign-in", &[("email", &county.sergeant), ("password", SEED_PASSWORD), ("next", "")]).await;
    county::publish(&mut colleague, "Missing from Matlock: Margaret, 78", "life_at_risk", "Missing since noon: Margaret, 78, grey coat, walks with a stick.")
        .await;
    desk.open(&format!("/alerts/{reference}")).await;
    desk.sees("#progress h2", "All ").await;
    desk.sees("#progress tbody", "Delivered").await;
    desk.picture("alert").await;
    desk.page_is_sound("alert").await;
    desk.open("/alerts").await;
    desk.sees("tbody", "Life at risk").await;
    desk.page_is_sound("list of alerts").await;
    desk.open("/alerts/ZZZZZ").await;
    desk.sees("h1", "Page not found").await;
    desk.was_refused_with(404).await;
    desk.page_is_sound("error page").await;
}

async fn inbox(t: &TestApp, desk: &Chromium, county: &county::County) {
    // Some are read already, as on any morning.
    for place in [9, 5, 3] {
        desk.open("/inbox").await;
        desk.click(&format!(".rows li:nth-child({place}) a")).await;
        desk.find("#thread .msg").await;
    }
    desk.open("/inbox").await;
    desk.sees("#rows", "note").await;
    desk.picture("inbox").await;
    desk.page_is_sound("inbox").await;

    let latest = county.witnesses.last().unwrap();
    desk.sees(".rows li", &latest.name).await;
    desk.script("[...document.querySelectorAll('.rows li a')].find((a) => a.textContent.includes('doorbell')).focus()").await;
    desk.press("\u{e007}").await;
    desk.sees("#talk-title", &latest.name).await;
    desk.fill("#text", "Yes please. Keep it safe, I will come by for it at two. Where are you?").await;
    desk.click(".reply button[type=submit]").await;
    desk.sees(".msg.out .status", "Delivered").await;
    let (phone, from) = (latest.phone.as_deref().unwrap(), county.number.as_str());
    t.text(phone, from, "The Old Forge, next to the chapel. It shows the number plate.").await;
    desk.sees(".msg.in", "The Old Forge").await;
    desk.reload().await;
    desk.sees(".msg.in", "The Old Forge").await;
    desk.picture("conversation").await;
    desk.page_is_sound("conversation").await;
    acts(desk).await;

    desk.open("/inbox/search").await;
    desk.page_is_sound("search, empty").await;
    desk.open("/inbox/search?q=van+OR+car&from=soon").await;
    desk.find(".error-summary").await;
    desk.was_refused_with(422).await;
    desk.page_is_sound("search with errors").await;
    desk.open("/inbox/search?q=nobody+wrote+this&in=notes").await;
    desk.sees(".results", "Nothing fits").await;
    desk.page_is_sound("search without results").await;
    desk.open("/inbox/search?q=van").await;
    desk.find(".results mark").await;
    desk.picture("search").await;
    desk.page_is_sound("search").await;

    desk.open("/inbox?view=unattributed").await;
    desk.sees(".rows", "someone at the pub").await;
    desk.page_is_sound("unattributed tray").await;
    desk.click(".rows a").await;
    desk.sees(".settle", "Which alert is this about?").await;
    desk.page_is_sound("unattributed conversation").await;
    // The check has opened every fold.
    desk.reload().await;
    desk.fill("#alert", "NOPE1").await;
    desk.click(".move .inline button").await;
    desk.find(".error-summary").await;
    desk.was_refused_with(422).await;
    desk.page_is_sound("conversation with an error").await;
}

/// What can be done to a conversation, each fold open once; canned answers; the keys; telling what came of an alert.
async fn acts(desk: &Chromium) {
    desk.press("e").await;
    desk.find(".close-act[open]").await;
    desk.picture("close").await;
    let path = desk.path().await;
    for fold in ["t", "m", "h", "!", "s", "e"] {
        desk.open(&path).await;
        desk.click(&format!("[data-act='{fold}'] > summary")).await;
        desk.page_is_sound(&format!("conversation, fold {fold}")).await;
    }
    desk.open("/inbox/canned").await;
    desk.page_is_sound("canned answers, none").await;
    desk.fill("#name", "Thanks").await;
    desk.fill("#body", "Hello {nmae}").await;
    desk.click("#main form .button").await;
    desk.find(".error-summary").await;
    desk.was_refused_with(422).await;
    desk.page_is_sound("canned answers with an error").await;
    desk.fill("#body", "Hello {name}, thank you for answering {reference}.").await;
    desk.click("#main form .button").await;
    desk.sees(".answers", "Thanks").await;
    desk.picture("canned").await;
    desk.page_is_sound("canned answers").await;
    desk.open(&path.replace('?', "/canned?")).await;
    desk.sees(".answers", "Thanks").await;
    desk.page_is_sound("choose a canned answer").await;
    desk.open("/inbox/keys").await;
    desk.page_is_sound("keys").await;
    desk.open("/inbox").await;
    desk.click(".pick").await;
    desk.sees("[data-picked]", "1 selected").await;
    desk.picture("several").await;
    desk.page_is_sound("several at once").await;
}

/// Telling what came of an alert.
async fn outcome(desk: &Chromium, reference: &str) {
    desk.open(&format!("/alerts/{reference}/outcome")).await;
    desk.page_is_sound("outcome, empty").await;
    desk.click("button[value=preview]").await;
    desk.find(".error-summary").await;
    desk.was_refused_with(422).await;
    desk.page_is_sound("outcome with an error").await;
    desk.fill("#sms_text", "We found the van, thanks to you. A man has been charged.").await;
    desk.click("button[value=preview]").await;
    desk.sees(".publish", "Tell ").await;
    desk.picture("outcome").await;
    desk.page_is_sound("outcome with its preview").await;
    desk.click("button[value=tell]").await;
    desk.sees("#told", "A man has been charged").await;
    desk.page_is_sound("alert with what came of it").await;
}

async fn press_and_admin(db: &TestDb, t: &TestApp) {
    let press = Chromium::start(db, &t.url).await;
    press.sign_in("press@derbyshire.example", SEED_PASSWORD).await;
    press.sees("#figures tbody", "White van").await;
    press.picture("press").await;
    press.page_is_sound("press").await;
    press.close().await;
    let admin = Chromium::start(db, &t.url).await;
    admin.sign_in("admin@derbyshire.example", SEED_PASSWORD).await;
    admin.open("/admin").await;
    admin.sees("tbody", "not UTF-8").await;
    admin.page_is_sound("admin").await;
    admin.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_residents_pages_are_sound() {
    let db = TestDb::sqlite().await;
    let t = TestApp::start(&db).await;
    let planted = county::plant(&db, &t).await;
    let home = Chromium::start(&db, &t.url).await;
    home.open("/").await;
    home.page_is_sound("front page without alerts").await;
    let mut officer = t.visitor();
    officer.get("/sign-in").await;
    officer.submit("/sign-in", &[("email", &county::sergeant(&planted)), ("password", SEED_PASSWORD), ("next", "")]).await;
    county::publish(&mut officer, "Missing from Matlock: Margaret, 78", "life_at_risk", "Missing since noon: Margaret, 78, grey coat, walks with a stick.")
        .await;
    county::publish(&mut officer, "White van on Mill Lane", "routine", VAN).await;
    home.open("/").await;
    home.sees(".public-alerts", "White van on Mill Lane").await;
    home.picture("front").await;
    home.page_is_sound("front page").await;
    join(&t, &home).await;
    account(&t, &home).await;
    home.close().await;
    t.stop().await;
}

async fn join(t: &TestApp, home: &Chromium) {
    home.open("/join").await;
    home.page_is_sound("join: postcode").await;
    home.click(".big").await;
    home.find(".error-summary").await;
    home.was_refused_with(422).await;
    home.page_is_sound("join: postcode with an error").await;
    home.fill("#postcode", "DE45 1AA").await;
    home.click(".big").await;
    home.click("input[value='cctv-owners']").await;
    home.picture("join").await;
    home.page_is_sound("join: groups").await;
    home.click(".big").await;
    home.find("#name").await;
    home.page_is_sound("join: channels").await;
    home.click("#by_sms").await;
    home.click(".big").await;
    home.find(".error-summary").await;
    home.was_refused_with(422).await;
    home.page_is_sound("join: channels with errors").await;
    home.fill("#name", "Ann Archer").await;
    home.fill("#phone", "07700 900983").await;
    home.click(".big").await;
    home.find(".summary").await;
    home.page_is_sound("join: check").await;
    home.click(".big").await;
    home.find("#code").await;
    home.page_is_sound("join: code").await;
    home.fill("#code", "000000").await;
    home.click(".big").await;
    home.find(".error-summary").await;
    home.was_refused_with(422).await;
    home.page_is_sound("join: code with an error").await;
    let code = code_in(&t.wait_for_texts("+447700900983", 1).await[0].1);
    home.fill("#code", &code).await;
    home.click(".big").await;
    home.sees("h1", "You have joined").await;
    home.page_is_sound("join: done").await;
}

async fn account(t: &TestApp, home: &Chromium) {
    home.open("/account").await;
    home.page_is_sound("account").await;
    home.fill("#postcode", "SW1A 1AA").await;
    home.click(".big").await;
    home.find(".error-summary").await;
    home.was_refused_with(422).await;
    home.page_is_sound("account with an error").await;
    home.click(".ends button").await;
    home.sees("h1", "Alerts from your local police").await;
    home.open("/account").await;
    home.find("#address").await;
    home.page_is_sound("account: sign-in").await;
    home.click(".big").await;
    home.find(".error-summary").await;
    home.was_refused_with(422).await;
    home.page_is_sound("account: sign-in with an error").await;
    home.fill("#address", "07700 900983").await;
    home.click(".big").await;
    home.find("#code").await;
    home.page_is_sound("account: code").await;
    let code = code_in(&t.wait_for_texts("+447700900983", 2).await[1].1);
    home.fill("#code", &code).await;
    home.click(".big").await;
    home.click("a[href='/account/leave']").await;
    home.sees("h1", "Do you want to leave?").await;
    home.page_is_sound("leave").await;
    home.click(".big").await;
    home.sees("h1", "You have left").await;
    home.page_is_sound("left").await;
    home.open("/leave/nonsense").await;
    home.sees("h1", "Page not found").await;
    home.was_refused_with(404).await;
    home.page_is_sound("a link that is not ours").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_is_seen_where_there_is_one() {
    let db = TestDb::sqlite().await;
    let t = TestApp::start(&db).await;
    let home = Chromium::start(&db, &t.url).await;
    home.open("/").await;
    home.script("document.querySelector('h1').style.width = '500px'; document.querySelector('.intro').style.color = '#7f8590'").await;
    home.script("document.querySelector('main').append(document.createElement('img'))").await;
    let faults = home.faults().await;
    for wanted in ["1280 px, light: color-contrast at .intro", "360 px, dark: image-alt at img", "360 px, light: 516 px wide in a window of 360"] {
        assert!(faults.iter().any(|fault| fault.starts_with(wanted)), "{wanted} is not among {faults:#?}");
    }
    home.script("console.error('planted')").await;
    assert_eq!(home.console().await.len(), 1);
    home.close().await;
    t.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_simulators_pages_are_sound() {
    let db = TestDb::sqlite().await;
    let t = TestApp::start(&db).await;
    let person = Chromium::start(&db, &t.sim_url).await;
    person.open("/").await;
    person.page_is_sound("simulator: nobody").await;
    t.add_resident(&db, "Ann Archer", &[ANN], &[]).await;
    t.add_resident(&db, "Bob Barlow", &["bob@example.org"], &[]).await;
    let mut officer = t.officer("owner@force.example").await;
    t.publish(&mut officer, "White van on Mill Lane", VAN).await;
    let from = t.wait_for_texts(ANN, 1).await[0].0.clone();
    t.wait_for_mails("bob@example.org", 1).await;
    t.text(ANN, &from, "Yes, by the church at nine. Have it on my doorbell.").await;
    person.open("/").await;
    person.sees(".people", "by the church").await;
    person.picture("simulator-people").await;
    person.page_is_sound("simulator: people").await;
    person.open("/?q=nobody-of-this-name").await;
    person.page_is_sound("simulator: nobody found").await;
    person.open("/phones/%2B447700900150").await;
    person.sees(".bubble.sent", "by the church").await;
    person.sees("#strip", "1").await;
    person.picture("simulator").await;
    person.page_is_sound("simulator: phone").await;
    person.open("/mailboxes/bob@example.org").await;
    person.page_is_sound("simulator: mailbox").await;
    person.click("#mails a").await;
    person.find(".mail .body").await;
    person.page_is_sound("simulator: mail").await;
    person.fill("#text", "I did.").await;
    person.click(".letter button").await;
    person.sees(".notice", "took it").await;
    person.page_is_sound("simulator: mail sent").await;
    person.open("/mailboxes/bob@example.org?write=1").await;
    person.page_is_sound("simulator: a new mail").await;
    person.close().await;
    t.stop().await;
}
