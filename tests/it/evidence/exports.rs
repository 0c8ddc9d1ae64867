//! An export is whole, says so to `sha256sum` and to us, and shows whatever is done to it.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};

use huecry::inbox::evidence::check::{Checked, check};
use sha2::{Digest, Sha256};

use diesel_async::RunQueryDsl;
use huecry::audit::chain::HeadKey;
use huecry::audit::verify::{Verified, verify};
use huecry::on;

use super::{Case, picture};
use crate::program::process;
use crate::support::app::{ACCOUNT, POOL, TestApp, eventually};
use crate::support::db::TestDb;
use crate::web::{INBOUND, encoded, signature, text_form, tray};

fn unpacked(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    (0..zip.len())
        .map(|index| {
            let mut entry = zip.by_index(index).unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            (entry.name().unwrap().into_owned(), bytes)
        })
        .collect()
}

/// The same files as a ZIP, as somebody else would make it.
fn packed(files: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn checked(folder: &Path, bytes: &[u8], digest: Option<&str>) -> Checked {
    let path: PathBuf = folder.join(format!("{}.zip", huecry::domain::ids::public_id()));
    std::fs::write(&path, bytes).unwrap();
    let digest = digest.map(|text| hex::decode(text).unwrap().try_into().unwrap());
    let found = check(&path, digest).unwrap();
    std::fs::remove_file(path).unwrap();
    found
}

async fn case(db: &TestDb) -> Case {
    let photo = picture(64, 48);
    Case::of(
        db,
        "I saw Dave Smith by the church. 😀 Dŵr.",
        &[("van on drive.png", "image/png", &photo), ("../..\u{202e}gpj.exe", "application/x-dosexec", b"MZ")],
    )
    .await
}

on_both!(an_export_holds_everything_and_verifies_off_line, async |db| {
    let mut case = case(db).await;
    case.officer.submit(&case.path("exhibit/MESSAGE/0"), &[("reference", "")]).await;
    case.officer.submit(&case.path("redact/MESSAGE"), &[("phrases", "Dave Smith")]).await;
    let (digest, bytes) = case.export(db).await;
    assert_eq!(hex::encode(Sha256::digest(&bytes)), digest);
    let files = unpacked(&bytes);
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "MANIFEST.sha256",
            "README.txt",
            "attachments/0001-1-van_on_drive.png",
            "attachments/0001-2-gpj.exe",
            "audit.jsonl",
            "conversation.json",
            "conversation.pdf",
            "originals/0001-body.eml",
            "originals/0001-headers.txt",
            "originals/0001-target.txt",
            "working-copies/01-message-redacted.txt"
        ]
    );
    assert_eq!(files["attachments/0001-1-van_on_drive.png"], picture(64, 48), "as it was sent, byte for byte");
    assert_eq!(String::from_utf8_lossy(&files["working-copies/01-message-redacted.txt"]), "I saw █████ by the church. 😀 Dŵr.");
    assert!(String::from_utf8_lossy(&files["originals/0001-body.eml"]).contains("From:"));
    let record: serde_json::Value = serde_json::from_slice(&files["conversation.json"]).unwrap();
    assert_eq!(record["schema"], "huecry-conversation-1");
    assert_eq!(record["messages"][0]["attachments"][0]["exhibit"], "OE/1");
    assert!(record["messages"][0]["text"].as_str().unwrap().contains("Dave Smith"));
    assert_eq!(record["messages"][0]["original"]["sha256"], hex::encode(Sha256::digest(&files["originals/0001-body.eml"])));
    let trail = String::from_utf8_lossy(&files["audit.jsonl"]).into_owned();
    for action in ["conversation.view", "exhibit.name", "copy.make", "conversation.export_asked", "envelope.received"] {
        assert!(trail.contains(action), "{action} is not in {trail}");
    }
    assert!(!trail.lines().any(|line| line.contains("\"sealed_seq\":null")), "every entry bears its seal: {trail}");

    let found = checked(db.folder(), &bytes, Some(&digest));
    assert!(found.ok && found.files == 10 && found.held_to_digest, "{found:?}");
    assert!(checked(db.folder(), &bytes, None).ok);
    // And without us.
    let folder = db.folder().join("unpacked");
    for (name, bytes) in &files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let sums = std::process::Command::new("sha256sum").args(["--strict", "-c", "MANIFEST.sha256"]).current_dir(&folder).output().unwrap();
    assert!(sums.status.success(), "{}", String::from_utf8_lossy(&sums.stderr));

    // What the audit log keeps is the digest; the page shows it; the exhibit is sealed.
    let page = case.officer.get(&case.path("evidence")).await.body;
    assert!(page.contains(&digest) && page.contains("went out with an export"), "{page}");
    let mut conn = db.read().await;
    let id = huecry::store::conversations::find(&mut conn, &case.conversation).await.unwrap().unwrap().id;
    let rows = huecry::store::audit_log::list_of(&mut conn, "conversation", id).await.unwrap();
    let noted = rows.iter().find(|row| row.action == "conversation.export").unwrap();
    assert_eq!((noted.detail["sha256"].as_str(), noted.detail["files"].as_i64()), (Some(digest.as_str()), Some(10)));
    drop(conn);

    let zip = db.folder().join("out.zip");
    std::fs::write(&zip, &bytes).unwrap();
    let told = process::run(db.folder(), &["evidence", "verify", "out.zip", "--digest", &digest]).await;
    assert!(told.code == Some(0) && told.out.contains("10 files, none changed"), "{told:?}");
    let told = process::run(db.folder(), &["evidence", "verify", "out.zip", "--digest", &"0".repeat(64), "--json"]).await;
    assert!(told.code == Some(1) && told.out.contains("\"ok\":false"), "{told:?}");
    case.t.stop().await;
});

#[tokio::test(flavor = "multi_thread")]
async fn each_of_a_thousand_single_byte_changes_is_detected() {
    let db = TestDb::sqlite().await;
    let mut case = case(&db).await;
    let (digest, bytes) = case.export(&db).await;
    let unheld = |bytes: &[u8]| checked(db.folder(), bytes, None).ok;
    let (mut by_digest, mut alone) = (0, 0);
    for _ in 0..1_000 {
        let mut changed = bytes.clone();
        let at = usize::try_from(rand::random::<u64>()).unwrap() % changed.len();
        changed[at] ^= rand::random_range(1..=255_u8);
        by_digest += usize::from(!checked(db.folder(), &changed, Some(&digest)).ok);
        alone += usize::from(!unheld(&changed));
    }
    assert_eq!(by_digest, 1_000);
    // Without the digest, what is not seen are bytes that hold nothing: dates and attributes of the ZIP's directory.
    assert!(alone > 900, "{alone}");
    case.t.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_added_removed_or_put_in_its_place_is_named() {
    let db = TestDb::sqlite().await;
    let mut case = case(&db).await;
    let (_, bytes) = case.export(&db).await;
    let files = unpacked(&bytes);
    let fault = |bytes: &[u8]| checked(db.folder(), bytes, None).fault.unwrap_or_default();
    assert_eq!(fault(&packed(&files)), "", "packed anew it is the same files");

    let mut added = files.clone();
    added.insert("attachments/more.png".into(), vec![1]);
    assert!(fault(&packed(&added)).contains("it was added"));
    for name in files.keys() {
        let mut removed = files.clone();
        removed.remove(name);
        assert!(!fault(&packed(&removed)).is_empty(), "{name}");
        let mut changed = files.clone();
        changed.get_mut(name).unwrap().push(b'\n');
        if name != "MANIFEST.sha256" {
            assert!(fault(&packed(&changed)).contains(&format!("{name} was changed")), "{name}");
        }
    }
    // A file and its line in the manifest together: the seal in the record still tells, and the digest tells everything.
    let mut both = files.clone();
    both.insert("attachments/0001-1-van_on_drive.png".into(), picture(1, 1));
    let line = |bytes: &[u8]| hex::encode(Sha256::digest(bytes));
    let manifest = String::from_utf8(files["MANIFEST.sha256"].clone()).unwrap();
    let manifest = manifest.replace(&line(&files["attachments/0001-1-van_on_drive.png"]), &line(&picture(1, 1)));
    both.insert("MANIFEST.sha256".into(), manifest.into_bytes());
    assert!(fault(&packed(&both)).contains("does not bear the seal"), "{}", fault(&packed(&both)));
    // Bytes that no entry names.
    let mut behind = bytes.clone();
    behind.extend_from_slice(b"more");
    let mut before = b"MZ".to_vec();
    before.extend_from_slice(&bytes);
    for odd in [behind, before, Vec::new(), b"no zip".to_vec(), bytes[..bytes.len() / 2].to_vec()] {
        assert!(!fault(&odd).is_empty(), "{} bytes", odd.len());
    }
    case.t.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_conversation_is_a_pdf_for_the_archive() {
    let db = TestDb::sqlite().await;
    let long = format!("{}\n{}", "Dŵr, môr, ß, Ж. ".repeat(400), "x".repeat(3_000));
    let mut case = Case::of(&db, &long, &[]).await;
    let (_, bytes) = case.export(&db).await;
    let pdf = unpacked(&bytes).remove("conversation.pdf").unwrap();
    let text = String::from_utf8_lossy(&pdf);
    assert!(text.starts_with("%PDF-1.") && text.trim_end().ends_with("%%EOF"));
    for wanted in ["<pdfaid:part>2</pdfaid:part>", "<pdfaid:conformance>B</pdfaid:conformance>", "/OutputIntent", "/FontFile", "/GTS_PDFA1", "DejaVuSans"] {
        assert!(text.contains(wanted), "{wanted} is not in the PDF");
    }
    for unwanted in ["/Encrypt", "/JavaScript", "/JS ", "/Launch", "/EmbeddedFile", "/URI"] {
        assert!(!text.contains(unwanted), "{unwanted} is in the PDF");
    }
    assert!(text.matches("/MediaBox").count() > 2, "it goes on over pages");
    case.t.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_original_that_no_longer_bears_its_seal_is_not_exported_as_if_it_did() {
    let db = TestDb::sqlite().await;
    let mut case = case(&db).await;
    let hash = hex::encode(Sha256::digest(picture(64, 48)));
    let stored = case.t.app.config().files.dir.join(&hash[..2]).join(&hash);
    std::fs::write(&stored, picture(64, 47)).unwrap();
    case.officer.submit(&case.path("export"), &[]).await;
    crate::support::app::eventually("the export to fail", async || {
        let mut conn = db.read().await;
        let id = huecry::store::conversations::find(&mut conn, &case.conversation).await.unwrap().unwrap().id;
        let row = huecry::store::exports::list_of(&mut conn, id).await.unwrap().remove(0);
        (row.status == "failed" && row.reason.is_some_and(|reason| reason.contains("van_on_drive.png no longer matches the seal"))).then_some(())
    })
    .await;
    assert!(case.officer.get(&case.path("evidence")).await.body.contains("no longer matches the seal"));
    case.t.stop().await;
}

/// The audit log once it has noted and sealed so many originals, or found a fault.
async fn verified(t: &TestApp, originals: i64) -> Verified {
    eventually("the originals to be sealed", async || {
        let found = verify(t.app.db(), t.app.files(), &HeadKey::of(&t.app.keyring().match_secret), None).await.unwrap();
        (found.originals >= originals || !found.ok).then_some(found)
    })
    .await
}

async fn execute(db: &TestDb, sql: &str) {
    on!(&mut db.write().await, c => diesel::sql_query(sql).execute(c).await).unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// Asks for an export that cannot be made, and gives the reason.
async fn refused(case: &mut Case, db: &TestDb) -> String {
    case.officer.submit(&case.path("export"), &[]).await;
    eventually("the export to fail", async || {
        let mut conn = db.read().await;
        let id = huecry::store::conversations::find(&mut conn, &case.conversation).await.unwrap().unwrap().id;
        let row = huecry::store::exports::list_of(&mut conn, id).await.unwrap().remove(0);
        assert_ne!(row.status, "ready", "it was exported as if it were whole");
        row.reason.filter(|_| row.status == "failed")
    })
    .await
}

on_both!(an_original_that_is_changed_together_with_its_hash_is_seen, async |db| {
    let mut case = Case::of(db, "He had a knife.", &[]).await;
    let whole = verified(&case.t, 1).await;
    assert!(whole.ok && whole.originals == 1 && whole.originals_gone == 0, "{whole:?}");
    let forged = b"From: bob@example.org\r\n\r\nHe had a spoon.\r\n";
    let bytes = |bytes: &[u8]| match db.db.backend() {
        huecry::store::Backend::Postgres => format!("'\\x{}'", hex::encode(bytes)),
        huecry::store::Backend::Sqlite => format!("X'{}'", hex::encode(bytes)),
    };
    execute(db, "CREATE TABLE before AS SELECT * FROM envelopes").await;
    let hash = Sha256::digest(forged);
    let body = format!("body = {}, sha256 = {}, body_bytes = {}", bytes(forged), bytes(&hash), forged.len());
    // Whoever can write to the database changes what belongs together.
    for change in [body.as_str(), "headers = salt", "target = 'elsewhere'", "received_at = '2026-11-22 10:20:00.000001'", "salt = sha256", "noted_in = NULL"] {
        execute(db, &format!("UPDATE envelopes SET {change}")).await;
        execute(db, "UPDATE messages SET text = 'He had a spoon.'").await;
        let found = verified(&case.t, 1).await;
        assert!(found.fault.as_deref().is_some_and(|fault| fault.contains("was changed after it came in")), "{change}: {found:?}");
        let reason = refused(&mut case, db).await;
        assert!(reason.contains("no longer matches the seal"), "{change}: {reason}");
        for column in ["body", "sha256", "body_bytes", "headers", "target", "received_at", "salt", "noted_in"] {
            execute(db, &format!("UPDATE envelopes SET {column} = (SELECT b.{column} FROM before b WHERE b.id = envelopes.id)")).await;
        }
    }
    assert!(verified(&case.t, 1).await.ok, "put back, it is whole again");
    case.t.stop().await;
});

on_both!(a_text_that_comes_by_get_has_its_words_in_the_original_and_in_the_export, async |db| {
    let t = TestApp::start(db).await;
    let fields = text_form("+447700900101", POOL[0], "A knife by the church", "SM1");
    assert!(fields.contains(&("AccountSid", ACCOUNT)));
    let path = format!("{INBOUND}?{}", encoded(&fields));
    let request = t.http().get(format!("{}{path}", t.url)).header("x-twilio-signature", signature(&format!("{}{path}", t.url), &[]));
    assert_eq!(request.send().await.unwrap().status().as_u16(), 200);
    let found = tray(&t, 1).await.remove(0);
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let officer = t.officer("owner@force.example").await;
    let mut case = Case { t, officer, conversation: text(&found["id"]), message: text(&found["messages"][0]["id"]) };
    assert_eq!(case.officer.get(&format!("/inbox/{}", case.conversation)).await.status, 200);
    let (_, _, original) = case.fetch("original/MESSAGE").await;
    assert!(String::from_utf8_lossy(&original).contains("knife"), "{}", String::from_utf8_lossy(&original));
    let (digest, bytes) = case.export(db).await;
    let files = unpacked(&bytes);
    assert!(String::from_utf8_lossy(&files["originals/0001-target.txt"]).contains("knife"));
    assert!(checked(db.folder(), &bytes, Some(&digest)).ok);
    // Without the digest, the entry of the audit log still has the seal of what was taken in.
    let mut forged = files.clone();
    let target = String::from_utf8(files["originals/0001-target.txt"].clone()).unwrap().replace("knife", "spoon");
    let line = |bytes: &[u8]| hex::encode(Sha256::digest(bytes));
    let manifest = String::from_utf8(files["MANIFEST.sha256"].clone()).unwrap();
    let manifest = manifest.replace(&line(&files["originals/0001-target.txt"]), &line(target.as_bytes()));
    forged.insert("originals/0001-target.txt".into(), target.into_bytes());
    forged.insert("MANIFEST.sha256".into(), manifest.into_bytes());
    let fault = checked(db.folder(), &packed(&forged), None).fault.unwrap_or_default();
    assert!(fault.contains("does not bear the seal that the audit log has of it"), "{fault}");
    case.t.stop().await;
});

on_both!(what_went_out_stays_evidence_wherever_its_messages_are_put, async |db| {
    let mut case = Case::of(db, "He had a knife.", &[]).await;
    case.officer.submit(&case.path("exhibit/MESSAGE"), &[("reference", "HW/1")]).await;
    let (digest, _) = case.export(db).await;
    let mut mover = case.t.officer("owner@force.example").await;
    let second = case.t.publish(&mut mover, "Second", "Anything else?").await;
    mover.get(&format!("/inbox/{}", case.conversation)).await;
    let moved = mover.submit(&case.path("move"), &[("alert", &second)]).await;
    assert_eq!(moved.status, 303, "{}", moved.body);
    // The same conversation was tied anew; a third alert's has it split off.
    let mut conn = db.read().await;
    let row = huecry::store::conversations::find(&mut conn, &case.conversation).await.unwrap().unwrap();
    let fresh = db.add_alert(case.t.owner.id, &[]).await;
    drop(conn);
    let target = huecry::store::conversations::ConversationRow {
        owner_id: row.owner_id,
        team_id: row.team_id,
        ..db.new_conversation(Some(fresh.id), row.correspondent_id)
    };
    let target = huecry::store::conversations::insert_or_find(&mut db.write().await, target).await.unwrap().0;
    let here = db.new_message(target.id, "Another", row.created_at);
    huecry::store::messages::insert(&mut db.write().await, &here).await.unwrap();
    let exhibit = huecry::store::exhibits::ExhibitRow {
        id: db.id(),
        conversation_id: target.id,
        message_id: here.id,
        attachment_id: None,
        reference: "HW/1".into(),
        officer_id: case.t.owner.id,
        created_at: row.created_at,
        sealed_at: None,
    };
    huecry::store::exhibits::insert(&mut db.write().await, &exhibit).await.unwrap();
    huecry::inbox::move_to(&case.t.app, row.id, &fresh.reference, &huecry::audit::Actor::Officer(case.t.owner.id)).await.unwrap();
    let mut conn = db.read().await;
    assert!(huecry::store::retention::is_protected(&mut conn, target.id).await.unwrap(), "its messages went out with an export");
    let named = huecry::store::exhibits::list_of(&mut conn, &[here.id]).await.unwrap();
    assert_eq!(named[0].reference, "HW/1A", "two items are not called the same: the one that went out keeps its name");
    drop(conn);
    case.conversation = target.public_id;
    let page = case.officer.get(&case.path("evidence")).await.body;
    assert!(page.contains(&digest), "the export stands beside the messages that went out with it");
    let (_, bytes) = case.export(db).await;
    let trail = String::from_utf8_lossy(&unpacked(&bytes)["audit.jsonl"]).into_owned();
    assert!(trail.matches("\"conversation.export\"").count() == 1, "what was done before they came is in the trail: {trail}");
    case.t.stop().await;
});
