//! The officers' pages for evidence, without a script: naming exhibits, covering and taking out.

use super::{Case, picture};

on_both!(exhibits_get_running_numbers_and_can_be_renamed_but_not_twice, async |db| {
    let photo = picture(40, 30);
    let mut case = Case::of(db, "Two photos.", &[("a.png", "image/png", &photo), ("b.png", "image/png", &photo)]).await;
    // "PC owner@force.example": O and E, for want of a name.
    for (item, reference, status) in [
        ("MESSAGE/0", "", 303),
        ("MESSAGE/1", "", 303),
        ("MESSAGE", "js/7", 303),
        ("MESSAGE/1", "OE/1", 422),
        ("MESSAGE/1", "nonsense", 422),
        ("MESSAGE/1", "OE/9", 303),
        ("MESSAGE/7", "", 404),
    ] {
        let answer = case.officer.submit(&case.path(&format!("exhibit/{item}")), &[("reference", reference)]).await;
        assert_eq!(answer.status, status, "{item} {reference:?}: {}", answer.body);
    }
    let page = case.officer.get(&case.path("")).await;
    assert_eq!(page.status, 404, "a path that is none");
    let page = case.officer.get(&format!("/inbox/{}", case.conversation)).await.body;
    for wanted in ["OE/1", "JS/7", "OE/9", "Export as evidence"] {
        assert!(page.contains(wanted), "{wanted} is not on the page");
    }
    assert!(!page.contains("OE/2"));
    case.t.stop().await;
});

on_both!(a_picture_is_covered_in_a_copy_and_the_original_stays, async |db| {
    let photo = picture(100, 100);
    let mut case = Case::of(db, "A photo.", &[("face.png", "image/png", &photo)]).await;
    let path = case.path("redact/MESSAGE/0");
    assert_eq!(case.officer.get(&path).await.status, 200);
    let part =
        |values: [&'static str; 4], action: &'static str| vec![("x", values[0]), ("y", values[1]), ("w", values[2]), ("h", values[3]), ("action", action)];
    let wrong = case.officer.submit(&path, &part(["10", "10", "", "x"], "make")).await;
    assert!(wrong.status == 422 && wrong.body.contains("Part 1: give four numbers") && wrong.body.contains("value=\"10\""), "{}", wrong.body);
    let look = case.officer.submit(&path, &part(["10", "10", "50", "50"], "look")).await;
    assert!(look.status == 200 && look.body.contains("width=\"50\""), "{}", look.body);
    assert_eq!(case.officer.submit(&path, &part(["10", "10", "50", "50"], "make")).await.status, 303);

    let page = case.officer.get(&case.path("evidence")).await.body;
    let copy = page.split("/copy/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let (status, headers, bytes) = case.fetch(&format!("copy/{copy}")).await;
    assert!(status == 200 && headers["content-disposition"].to_str().unwrap().starts_with("attachment; filename=\"face-copy.jpg\""), "{headers:?}");
    let drawn = image::load_from_memory(&bytes).unwrap().to_luma8();
    assert!(drawn.get_pixel(30, 30).0[0] < 20 && drawn.get_pixel(90, 90).0[0] > 230);
    assert_eq!(case.fetch("attachment/MESSAGE/0").await.2, photo, "the original is as it was");
    case.t.stop().await;
});

on_both!(words_are_taken_out_of_a_copy_and_the_original_stays, async |db| {
    let mut case = Case::of(db, "It was Dave Smith at number four.", &[]).await;
    let path = case.path("redact/MESSAGE");
    assert!(case.officer.get(&path).await.body.contains("<span>Dave</span>"));
    let nothing = case.officer.submit(&path, &[("phrases", "nobody")]).await;
    assert!(nothing.status == 422 && nothing.body.contains("Nothing would be taken out"), "{}", nothing.body);
    assert_eq!(case.officer.submit(&path, &[("word", "2"), ("word", "3"), ("phrases", "FOUR")]).await.status, 303);
    let page = case.officer.get(&case.path("evidence")).await.body;
    let copy = page.split("/copy/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_eq!(String::from_utf8(case.fetch(&format!("copy/{copy}")).await.2).unwrap(), "It was █████ █████ at number █████.");
    assert!(case.officer.get(&format!("/inbox/{}", case.conversation)).await.body.contains("It was Dave Smith"));
    case.t.stop().await;
});

on_both!(another_team_finds_nothing_of_it, async |db| {
    let photo = picture(10, 10);
    let mut case = Case::of(db, "A photo.", &[("a.png", "image/png", &photo)]).await;
    case.officer.submit(&case.path("redact/MESSAGE/0"), &[("action", "make")]).await;
    let page = case.officer.get(&case.path("evidence")).await.body;
    let copy = page.split("/copy/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    case.export(db).await;
    let mut stranger = case.t.officer("stranger@force.example").await;
    for path in ["evidence", "evidence/panel", "redact/MESSAGE", "redact/MESSAGE/0", &format!("copy/{copy}")] {
        assert_eq!(stranger.get(&case.path(path)).await.status, 404, "{path}");
    }
    for path in ["export", "exhibit/MESSAGE", "exhibit/MESSAGE/0", "redact/MESSAGE", "redact/MESSAGE/0"] {
        stranger.get("/inbox").await;
        assert_eq!(stranger.submit(&case.path(path), &[("phrases", "photo")]).await.status, 404, "{path}");
    }
    case.t.stop().await;
});
