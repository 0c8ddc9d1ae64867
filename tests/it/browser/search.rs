//! Search by keyboard alone: from the inbox to the results, on to a conversation, and from what is marked in it to who else
//! has it.

use crate::support::app::{PASSWORD, TestApp};
use crate::support::chromium::Chromium;

const ENTER: &str = "\u{e007}";
const ANN: &str = "+447700900101";
const BEN: &str = "+447700900102";

on_both!(an_officer_finds_by_keyboard_who_else_saw_it, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Ann Archer", &[ANN], &[]).await;
    t.add_resident(db, "Ben Barlow", &[BEN], &[]).await;
    let mut owner = t.officer("owner@force.example").await;
    t.publish(&mut owner, "White van", "Did you see a white van?").await;
    let desk = Chromium::start(db, &t.url).await;
    desk.sign_in("owner@force.example", PASSWORD).await;
    for (phone, text) in [(ANN, "A white van, AB12 CDE, by the chapel"), (BEN, "ab12cde went past the church")] {
        let number = t.wait_for_texts(phone, 1).await[0].0.clone();
        t.text(phone, &number, text).await;
        desk.sees("#rows", text).await;
    }

    desk.press("/").await;
    desk.press("chapel").await;
    assert_eq!(desk.value("#search").await, "chapel", "the key leads into the box and is not written into it");
    desk.press(ENTER).await;
    desk.sees("#results-title", "1 conversation").await;
    assert_eq!(desk.sees(".results mark", "chapel").await, "chapel");
    desk.press("/").await;
    desk.press("AB12 CDE").await;
    assert_eq!(desk.value("#q").await, "AB12 CDE", "what was there is written over");
    desk.press(ENTER).await;
    desk.sees("#results-title", "2 conversations").await;
    desk.page_is_sound("search results").await;
    desk.press("j").await;
    desk.press(ENTER).await;
    desk.find("#talk-title").await;
    desk.sees("#findings .others", "1 other").await;

    desk.script("document.querySelector('.msg-text a.found').focus()").await;
    desk.press(ENTER).await;
    desk.sees("h1", "Who else saw AB12 CDE?").await;
    desk.sees(".results .rows", "Ann Archer").await;
    desk.sees(".results .rows", "Ben Barlow").await;
    desk.close().await;
    t.stop().await;
});
