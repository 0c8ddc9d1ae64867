//! An officer's day at one desk: write, watch it go, be answered, answer. No page is ever loaded again to show what is new.

use serde_json::json;

use crate::support::app::{PASSWORD, SECTOR, TestApp};
use crate::support::chromium::Chromium;

const ENTER: &str = "\u{e007}";
const ANN: &str = "+447700900101";

on_both!(an_officer_publishes_is_answered_and_answers_and_every_page_moves_by_itself, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Ann Archer", &[ANN], &[]).await;
    t.add_resident(db, "Bob Barlow", &["bob@example.org"], &["dog-walkers"]).await;
    let desk = Chromium::start(db, &t.url).await;
    desk.sign_in("owner@force.example", PASSWORD).await;

    write_an_alert(&desk).await;
    t.sim_post("/api/behaviour", json!({ "refuse": "429" })).await;
    desk.click("[data-publish]").await;
    desk.sees("h1", "White van on Mill Lane").await;
    desk.mark().await;
    desk.sees("#progress h2", "1 of 2 messages are sent").await;
    t.sim_post("/api/behaviour", json!({ "refuse": "none" })).await;
    desk.sees("#progress h2", "All 2 messages are sent").await;
    desk.sees("#progress tbody tr", "Delivered").await;
    desk.find("#alert-acts form[action$='/close']").await;
    assert!(desk.is_marked().await, "the progress moved on the page that was open, and the alert can be closed on it");

    desk.click(".main-nav a[href='/inbox']").await;
    desk.sees("#rows .empty", "No conversations waiting for you").await;
    desk.sees("[data-live-state]", "Live").await;
    desk.mark().await;
    let number = t.wait_for_texts(ANN, 1).await[0].0.clone();
    t.text(ANN, &number, "Yes, by the church at nine").await;
    let row = desk.sees("#rows .row", "by the church at nine").await;
    assert!(row.contains("Ann Archer"), "{row}");
    desk.sees("#nav-unread", "1").await;
    assert!(desk.is_marked().await, "the reply came into the page that was open");
    assert!(desk.title().await.starts_with("(1) "), "{}", desk.title().await);

    desk.press("j").await;
    desk.press(ENTER).await;
    desk.sees("#talk-title", "Ann Archer").await;
    desk.sees(".msg.in .how", "Certain: ").await;
    desk.sees(".msg.in .how", "only alert sent to this phone").await;
    desk.press("r").await;
    desk.press("Which way did it go?").await;
    assert_eq!(desk.value("#text").await, "Which way did it go?", "r goes to the reply and is not written into it");
    desk.click(".reply button[type=submit]").await;
    desk.sees(".notice", "on its way").await;
    assert_eq!(t.wait_for_texts(ANN, 2).await[1], (number.clone(), "Which way did it go?".to_owned()));
    desk.sees(".msg.out .status", "Delivered").await;

    desk.mark().await;
    assert_eq!(desk.value("#text").await, "", "what was sent is not kept as a draft");
    desk.write("#text", "Thank you, An").await;
    t.text(ANN, &number, "Towards Bakewell").await;
    desk.sees(".msg.in .msg-text", "Towards Bakewell").await;
    assert!(desk.is_marked().await, "the text came into the thread that was open");
    assert_eq!(desk.count(".msg").await, 3);
    assert_eq!(desk.value("#text").await, "Thank you, An", "the half-written answer is untouched");
    desk.press("n.").await;
    desk.reload().await;
    assert_eq!(desk.value("#text").await, "Thank you, Ann.", "it outlives even a reload");
    desk.click(".reply button[type=submit]").await;
    assert_eq!(t.wait_for_texts(ANN, 3).await[2].1, "Thank you, Ann.");

    desk.console_is_quiet().await;
    desk.close().await;
    t.stop().await;
});

/// Fills in the form and watches the preview follow it, up to where it can be published.
async fn write_an_alert(desk: &Chromium) {
    desk.click(".new-alert").await;
    desk.fill("#title", "White van on Mill Lane").await;
    let dear = "Don’t follow it – ring us. ".repeat(5);
    desk.fill("#sms_text", &dear).await;
    desk.sees("#preview .caution", "Not in the phone alphabet: ’ and –.").await;
    desk.sees(".plainer", "Use plain punctuation").await;
    desk.click("[data-plain]").await;
    desk.sees("#preview .fresh", "for each text").await;
    assert_eq!(desk.value("#sms_text").await, dear.replace('’', "'").replace('–', "-"));
    desk.fill("#sms_text", "Did you see a white van on Mill Lane at nine? Reply if you did.").await;
    desk.sees("#preview .phone-text", "white van on Mill Lane at nine").await;
    desk.fill("#area-filter", "de451").await;
    desk.sees("[data-area-count]", "1 of 1 districts").await;
    desk.click(&format!("input[value='{SECTOR}']")).await;
    desk.sees("#preview .reach", "2 people").await;
    desk.sees("#preview .split", "E-mails").await;
    desk.click("input[value='dog-walkers']").await;
    desk.sees("#preview .reach", "1 person").await;
    desk.sees("#preview", "Not in the chosen interest groups").await;
    desk.click("input[value='dog-walkers']").await;
    desk.sees("#preview .reach", "2 people").await;
    desk.sees("[data-publish]", "Publish to 2 people").await;
}
