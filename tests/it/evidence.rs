//! Evidence: exhibits, working copies and exports of a conversation; that an export shows whatever is done to it; and that what
//! strangers send in harms nothing.

mod exports;
mod hostile;
mod pages;

use std::io::Cursor;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::support::app::{TestApp, eventually};
use crate::support::browser::Client;
use crate::support::db::TestDb;

/// A white picture as a PNG.
pub(crate) fn picture(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let white = image::RgbImage::from_pixel(width, height, image::Rgb([250, 250, 250]));
    white.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// An officer with a conversation in which somebody answered by mail, with these files.
pub(crate) struct Case {
    pub(crate) t: TestApp,
    pub(crate) officer: Client,
    pub(crate) conversation: String,
    pub(crate) message: String,
}

impl Case {
    pub(crate) async fn of(db: &TestDb, text: &str, files: &[(&str, &str, &[u8])]) -> Self {
        let t = TestApp::start(db).await;
        t.add_resident(db, "Bob Barlow", &["bob@example.org"], &[]).await;
        let mut officer = t.officer("owner@force.example").await;
        let reference = t.publish(&mut officer, "White van", "Did you see a white van?").await;
        let mail = t.wait_for_mails("bob@example.org", 1).await.remove(0);
        let attachments: Vec<_> =
            files.iter().map(|(name, kind, bytes)| json!({ "name": name, "content_type": kind, "base64": STANDARD.encode(bytes) })).collect();
        t.mail("bob@example.org", json!({ "mail_id": mail["id"], "text": text, "attachments": attachments })).await;
        let key = t.key(&["inbox"]).await;
        let found = t.wait_for_conversations(&key, &reference, 1).await.remove(0);
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let (conversation, message) = (text(&found["id"]), text(&found["messages"][0]["id"]));
        let mut case = Self { t, officer, conversation, message };
        assert_eq!(case.officer.get(&format!("/inbox/{}", case.conversation)).await.status, 200);
        case
    }

    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/inbox/{}/{}", self.conversation, rest.replace("MESSAGE", &self.message))
    }

    /// What a download gives: status, headers, bytes.
    async fn fetch(&self, rest: &str) -> (u16, reqwest::header::HeaderMap, Vec<u8>) {
        let answer = self.t.http().get(format!("{}{}", self.t.url, self.path(rest))).header("cookie", self.officer.cookie_header()).send().await.unwrap();
        (answer.status().as_u16(), answer.headers().clone(), answer.bytes().await.unwrap().to_vec())
    }

    /// Asks for an export, waits until it is there, and gives its digest and bytes.
    async fn export(&mut self, db: &TestDb) -> (String, Vec<u8>) {
        let asked = self.officer.submit(&self.path("export"), &[]).await;
        assert_eq!(asked.status, 303, "{}", asked.body);
        let row = eventually("the export", async || {
            let mut conn = db.read().await;
            let id = huecry::store::conversations::find(&mut conn, &self.conversation).await.unwrap().unwrap().id;
            let row = huecry::store::exports::list_of(&mut conn, id).await.unwrap().remove(0);
            assert_ne!(row.status, "failed", "{row:?}");
            Some(row).filter(|row| row.status == "ready")
        })
        .await;
        let (status, headers, bytes) = self.fetch(&format!("export/{}", row.public_id)).await;
        assert_eq!((status, headers["content-type"].to_str().unwrap()), (200, "application/zip"));
        assert_eq!(i64::try_from(bytes.len()).unwrap(), row.size_bytes);
        (hex::encode(row.sha256.unwrap()), bytes)
    }
}
