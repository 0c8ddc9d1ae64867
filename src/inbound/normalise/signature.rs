//! `[pure]` What programs and employers put under (or over) a person's words: signatures, mobile footers, disclaimers, banners.
//!
//! Only what is surely none of the person's words is taken: a typed "Thanks, Jane" stays, and so does whatever holds a sentence.

use super::lines::{Line, Mark};

/// The part of these lines that a person wrote: from, to.
pub(super) fn spoken(lines: &[Line<'_>]) -> (usize, usize) {
    let mut start = banner_end(lines);
    while lines.get(start).is_some_and(Line::is_blank) {
        start += 1;
    }
    let mut end = lines.len();
    if let Some(mark) = delimiter(lines, start) {
        end = mark;
    }
    loop {
        let before = end;
        end = without_blanks(lines, start, end);
        end = without_marked(lines, start, end);
        end = without_footer(lines, start, end);
        end = without_disclaimer(lines, start, end);
        end = without_card(lines, start, end);
        if end == before {
            return (start, end.max(start));
        }
    }
}

fn without_blanks(lines: &[Line<'_>], start: usize, mut end: usize) -> usize {
    while end > start && lines.get(end - 1).is_some_and(Line::is_blank) {
        end -= 1;
    }
    end
}

fn without_marked(lines: &[Line<'_>], start: usize, mut end: usize) -> usize {
    while end > start && lines.get(end - 1).is_some_and(|line| line.mark == Mark::Signature || line.is_blank()) {
        end -= 1;
    }
    end
}

/// "-- " on its own line (RFC 3676 section 4.3), if what follows is no testimony.
fn delimiter(lines: &[Line<'_>], start: usize) -> Option<usize> {
    let at = lines
        .iter()
        .enumerate()
        .skip(start)
        .find(|(_, line)| {
            matches!(line.text.trim_end_matches('\u{a0}'), "-- " | "--" | "—" | "__") && line.depth == lines.first().map_or(0, |first| first.depth)
        })
        .map(|(at, _)| at)?;
    let below: Vec<&Line<'_>> = lines.iter().skip(at + 1).filter(|line| !line.is_blank()).collect();
    let short = below.len() <= 15 && below.iter().map(|line| line.text.len()).sum::<usize>() <= 1_500;
    let testimony = below.iter().any(|line| is_sentence(&line.text) && !is_disclaimer(&line.text) && !is_footer(&line.text) && line.mark != Mark::Signature);
    (short && !testimony || below.iter().all(|line| is_disclaimer(&line.text))).then_some(at)
}

/// Long enough, and closed like one.
fn is_sentence(text: &str) -> bool {
    let text = text.trim();
    text.ends_with(['.', '!', '?', '。']) && text.split_whitespace().count() >= 9
}

const DEVICES: &[&str] = &[
    "iphone",
    "ipad",
    "ipod",
    "android",
    "samsung",
    "galaxy",
    "blackberry",
    "windows",
    "outlook",
    "yahoo",
    "huawei",
    "pixel",
    "nokia",
    "xperia",
    "smartphone",
    "smartfon",
    "mobile",
    "mobil",
    "phone",
    "telefon",
    "téléphone",
    "teléfono",
    "tablet",
    "k-9",
    "bluemail",
    "proton",
    "gmail",
    "aol",
    "spark",
    "fairphone",
    "xiaomi",
    "redmi",
    "oneplus",
    "honor",
    "oppo",
    "motorola",
    "gmx",
    "web.de",
    "mail",
    "handy",
    "telia",
    "vodafone",
    "ee ",
    "o2",
    "bt ",
    "sky",
    "talktalk",
    "typeapp",
    "canary",
    "edison",
    "airmail",
    "em client",
    "zoho",
    "tutanota",
    "tuta",
    "fastmail",
    "libero",
    "orange",
    "手机",
    "スマートフォン",
    "휴대폰",
    "айфон",
    "телефон",
    "τηλέφωνο",
    "κινητό",
    "ffôn",
];
const SENT: &[&str] = &[
    "sent from",
    "sent with",
    "sent via",
    "sent using",
    "sent by ",
    "sent on",
    "get outlook for",
    "get bluemail",
    "get yahoo",
    "download outlook",
    "von meinem",
    "von meiner",
    "gesendet von",
    "gesendet mit",
    "gesendet über",
    "diese nachricht wurde von meinem",
    "envoyé de",
    "envoyé depuis",
    "envoyé à partir",
    "envoyé avec",
    "télécharger outlook",
    "obtenir outlook",
    "provenance : courrier",
    "enviado desde",
    "enviado do",
    "enviado de",
    "enviado a partir",
    "enviado con",
    "enviado com",
    "obtener outlook",
    "obter o outlook",
    "inviato da",
    "inviato con",
    "scarica outlook",
    "ottieni outlook",
    "verstuurd vanaf",
    "verstuurd met",
    "verzonden vanaf",
    "verzonden met",
    "verzonden van",
    "outlook voor",
    "download outlook voor",
    "sendt fra",
    "sendt med",
    "hent outlook",
    "få outlook",
    "skickat från",
    "skickat med",
    "hämta outlook",
    "lähetetty",
    "hanki outlook",
    "wysłane z",
    "wysłano z",
    "wysłane przez",
    "pobierz aplikację outlook",
    "pobierz program outlook",
    "odesláno z",
    "odesláno pomocí",
    "odoslané z",
    "získat outlook",
    "elküldve",
    "küldve",
    "iphone-omról",
    "отправлено с",
    "отправлено из",
    "скачать outlook",
    "надіслано з",
    "відправлено з",
    "στάλθηκε από",
    "απεστάλη από",
    "εστάλη από",
    "αποστολή από",
    "изпратено от",
    "trimis de pe",
    "trimis din",
    "trimis de la",
    "poslano z",
    "poslano s",
    "saadetud minu",
    "išsiųsta iš",
    "nosūtīts no",
    "anfonwyd o",
    "seolta ó",
    "从我的",
    "發自",
    "发自",
    "来自我的",
    "從我的",
    "iphoneから送信",
    "ipadから送信",
    "私のiphone",
    "나의 iphone",
    "내 iphone",
    "삼성",
    "تم الإرسال من",
    "أُرسلت من",
    "أرسلت من",
    "مرسلة من",
    "נשלח מ",
    "gửi từ",
    "dikirim dari",
    "ส่งจาก",
    "enviat des",
    "dërguar nga",
    "poslato sa",
    "mein iphone",
    "εστάλη από το",
    "εστάλη απο",
    "εστάλη",
];

/// A line that a phone put there. A sentence that only begins like one ("Sent from my sister's phone because …") is words.
pub(super) fn is_footer(text: &str) -> bool {
    let text = text.trim().trim_matches(['*', '-', '_', '[', ']', ' ']);
    if text.is_empty() || text.chars().count() > 140 {
        return false;
    }
    let lower = text.to_lowercase();
    let device = || DEVICES.iter().any(|device| lower.contains(device));
    if SENT.iter().any(|words| lower.starts_with(words)) {
        let sentences = lower.matches(['!', '?']).count() + lower.matches(". ").count();
        let excused = lower.contains("brevity")
            || lower.contains("typos")
            || lower.contains("autocorrect")
            || lower.contains("kürze")
            || lower.contains("brièveté")
            || lower.contains("brevedad")
            || lower.contains("lyhy")
            || lower.contains("http");
        return device() && (sentences == 0 && lower.chars().count() <= 100 && !lower.contains("because") && !lower.contains(" so ") || excused);
    }
    // "iPhone'umdan gönderildi", "Samsung Galaxy smartfonu ilə göndərildi": the verb comes last.
    (lower.ends_with("gönderildi")
        || lower.ends_with("gönderildi.")
        || lower.ends_with("から送信")
        || lower.ends_with("发送")
        || lower.ends_with("에서 보냄")
        || lower.ends_with("傳送")
        || lower.ends_with("送信")
        || lower.ends_with("küldve")
        || lower.ends_with("küldtem"))
        && device()
        && lower.chars().count() <= 60
        || lower == "sent from my mobile"
        || lower.starts_with("yahoo mail: search, organize")
        || lower.starts_with("yahoo mail: ")
        || lower.starts_with("this message was sent from my")
        || lower.starts_with("please excuse") && lower.contains("brevity")
        || lower.starts_with("sorry for") && lower.contains("brevity")
        || lower.starts_with("excuse my brevity")
        || lower.starts_with("virus-free")
        || lower.starts_with("virenfrei")
        || lower.starts_with("this email has been checked for viruses")
        || lower.starts_with("this email was scanned by")
        || lower.starts_with("diese e-mail wurde von avast")
}

fn without_footer(lines: &[Line<'_>], start: usize, end: usize) -> usize {
    let Some(last) = end.checked_sub(1).filter(|last| *last >= start) else { return end };
    let Some(line) = lines.get(last) else { return end };
    if is_footer(&line.text) {
        return last;
    }
    // Wrapped over two lines.
    let joined =
        || lines.get(last.wrapping_sub(1)).filter(|above| last > start && !above.is_blank()).map(|above| format!("{} {}", above.text.trim(), line.text.trim()));
    if line.text.len() < 60 && joined().is_some_and(|both| is_footer(&both) && SENT.iter().any(|words| both.to_lowercase().starts_with(words))) {
        return last - 1;
    }
    end
}

const DISCLAIMERS: &[&str] = &[
    "this email and any attachments",
    "this e-mail and any attachments",
    "this email and any files",
    "this e-mail and any files",
    "this email (and any attachment",
    "this e-mail (and any attachment",
    "this email (including any attachment",
    "this e-mail (including any",
    "this message and any attachment",
    "this message (including",
    "this email is confidential",
    "this e-mail is confidential",
    "this communication is confidential",
    "this communication may contain",
    "this message is intended",
    "this email is intended",
    "this e-mail is intended",
    "this email may contain",
    "this e-mail may contain",
    "this message may contain",
    "this message contains confidential",
    "this email contains",
    "this transmission",
    "the information contained in this",
    "the information in this e",
    "the contents of this e",
    "the content of this e",
    "confidentiality notice",
    "confidentiality:",
    "confidential:",
    "disclaimer",
    "legal disclaimer",
    "important notice:",
    "privileged and confidential",
    "private and confidential",
    "if you are not the intended recipient",
    "if you have received this",
    "please consider the environment",
    "think before you print",
    "consider the environment",
    "save paper",
    "internet communications are not secure",
    "email communications may be monitored",
    "emails may be monitored",
    "any views or opinions",
    "the views expressed",
    "views expressed in this",
    "registered in england",
    "registered office",
    "company registration",
    "registered company",
    "company no",
    "vat reg",
    "vat no",
    "authorised and regulated",
    "diese e-mail enthält vertrauliche",
    "diese e-mail enthaelt",
    "diese e-mail und",
    "diese nachricht ist vertraulich",
    "der inhalt dieser e-mail",
    "ce message et",
    "ce message est confidentiel",
    "ce courriel",
    "cet e-mail",
    "este mensaje",
    "este correo",
    "este e-mail",
    "esta mensagem",
    "questo messaggio",
    "le informazioni contenute",
    "ai sensi del",
    "dit bericht",
    "deze e-mail",
    "de informatie in dit",
    "denna e-post",
    "denne e-mail",
    "denne e-posten",
    "tämä sähköposti",
    "ta wiadomość",
    "niniejsza wiadomość",
    "tato zpráva",
    "táto správa",
    "ez az üzenet",
    "bu e-posta",
    "bu mesaj",
    "настоящее сообщение",
    "данное сообщение",
    "mae'r e-bost hwn",
    "gall yr e-bost hwn",
    "scanned by",
    "this email has been scanned",
    "this message has been scanned",
    "to find out how",
    "for information about how we use",
    "click here to report this email as spam",
    "the above email",
    "council tax, parking",
    "************",
];

/// A paragraph of the lawyers'.
fn is_disclaimer(text: &str) -> bool {
    let head: String = text.trim().trim_matches(['*', '_', '-', '=', ' ', '"', '[', '(']).chars().take(60).collect::<String>().to_lowercase();
    !head.is_empty() && DISCLAIMERS.iter().any(|words| head.starts_with(words)) || is_line_of_marks(text)
}

fn is_line_of_marks(text: &str) -> bool {
    let text = text.trim();
    text.len() >= 8 && text.chars().all(|c| matches!(c, '*' | '_' | '-' | '=' | '~' | '#' | ' '))
}

/// The last paragraph, if it begins like a disclaimer.
fn without_disclaimer(lines: &[Line<'_>], start: usize, end: usize) -> usize {
    let (mut from, mut at) = (end, end);
    // A disclaimer may have several paragraphs, of which only the first says so: the first of the last four that does.
    let mut paragraphs = 0;
    while at > start && paragraphs < 5 {
        let top = paragraph_start(lines, start, at);
        if lines.get(top).is_some_and(|line| is_disclaimer(&line.text)) {
            from = top;
        }
        paragraphs += 1;
        at = without_blanks(lines, start, top);
    }
    if from == end {
        // Or a line of its own within the last paragraph.
        let top = paragraph_start(lines, start, end);
        if let Some(inner) = (top..end).find(|at| lines.get(*at).is_some_and(|line| is_disclaimer(&line.text) && line.text.len() > 8))
            && inner > top
        {
            return inner;
        }
    }
    from
}

fn paragraph_start(lines: &[Line<'_>], start: usize, end: usize) -> usize {
    let mut top = end;
    while top > start && lines.get(top - 1).is_some_and(|line| !line.is_blank()) {
        top -= 1;
    }
    top
}

const TITLES: &[&str] = &[
    "manager",
    "director",
    "officer",
    "engineer",
    "consultant",
    "assistant",
    "administrator",
    "coordinator",
    "co-ordinator",
    "executive",
    "solicitor",
    "partner",
    "surveyor",
    "architect",
    "secretary",
    "headteacher",
    "head teacher",
    "teacher",
    "lecturer",
    "professor",
    "nurse",
    "analyst",
    "developer",
    "designer",
    "supervisor",
    "adviser",
    "advisor",
    "accountant",
    "planner",
    "technician",
    "receptionist",
    "head of",
    "councillor",
    "clerk",
    "warden",
    "caretaker",
    "owner",
    "proprietor",
    "founder",
    "ceo",
    "cto",
    "cfo",
    "geschäftsführer",
    "leiter",
    "responsable",
    "gérant",
    "directeur",
    "ingénieur",
    "gerente",
    "directora",
    "responsabile",
    "medewerker",
    "kierownik",
    "specjalista",
    "ředitel",
    "vedoucí",
    "chef",
    "vice president",
    "sales",
    "operations",
];
const FIRMS: &[&str] = &[
    "ltd",
    "limited",
    "llp",
    "plc",
    "gmbh",
    "s.r.o",
    "sp. z o.o",
    "s.a.",
    "s.l.",
    "s.p.a",
    "b.v.",
    " inc",
    "council",
    "university",
    "nhs",
    "academy",
    "college",
    "department",
    "dept",
    "& sons",
    "& co",
    "group",
    "services",
    "school",
    "constabulary",
    "trust",
    "association",
    "cyngor",
];
const LABELS: &[&str] = &[
    "tel",
    "t:",
    "t.",
    "m:",
    "mob",
    "mobile",
    "phone",
    "direct",
    "ddi",
    "fax",
    "f:",
    "e:",
    "email:",
    "e-mail:",
    "web:",
    "w:",
    "www.",
    "http",
    "office:",
    "switchboard",
    "ext",
    "telefon",
    "tél",
    "teléfono",
    "telefono",
    "telefoon",
    "handy",
    "ffôn",
    "d:",
    "☎",
    "📞",
    "✉",
    "working hours",
    "office hours",
    "my working",
    "follow us",
    "linkedin",
    "twitter",
    "facebook",
];
const CLOSINGS: &[&str] = &[
    "kind regards",
    "best regards",
    "regards",
    "many thanks",
    "thanks",
    "thank you",
    "best wishes",
    "warm regards",
    "kindest regards",
    "with kind regards",
    "yours sincerely",
    "yours faithfully",
    "sincerely",
    "cheers",
    "best",
    "all the best",
    "with thanks",
    "thanks in advance",
    "mit freundlichen grüßen",
    "mit freundlichen grüssen",
    "freundliche grüße",
    "viele grüße",
    "liebe grüße",
    "beste grüße",
    "mfg",
    "cordialement",
    "bien cordialement",
    "cordialement,",
    "saludos",
    "un saludo",
    "atentamente",
    "saluti",
    "cordiali saluti",
    "distinti saluti",
    "atenciosamente",
    "cumprimentos",
    "com os melhores cumprimentos",
    "met vriendelijke groet",
    "vriendelijke groeten",
    "groeten",
    "med venlig hilsen",
    "venlig hilsen",
    "mvh",
    "med vänliga hälsningar",
    "vänliga hälsningar",
    "hälsningar",
    "ystävällisin terveisin",
    "terveisin",
    "z poważaniem",
    "pozdrawiam",
    "s pozdravem",
    "s pozdravom",
    "üdvözlettel",
    "tisztelettel",
    "saygılarımla",
    "iyi çalışmalar",
    "с уважением",
    "з повагою",
    "με εκτίμηση",
    "cu stimă",
    "cofion",
    "cofion gorau",
    "diolch",
    "hilsen",
    "med hilsen",
    "med vennlig hilsen",
    "vennlig hilsen",
];

fn is_closing(text: &str) -> bool {
    let bare = text.trim().trim_end_matches([',', '.', '!', ' ']).to_lowercase();
    CLOSINGS.contains(&bare.as_str())
}

/// Signs that a line is off a business card; a bare number or address that somebody typed is none.
fn card_signs(text: &str) -> usize {
    let lower = text.trim().to_lowercase();
    if lower.chars().count() > 110 || is_sentence(text) {
        return 0;
    }
    let label = LABELS.iter().any(|label| lower.starts_with(label))
        || lower.contains(" | ")
        || lower.contains(" • ")
        || lower.contains(" · ")
        || lower.contains("www.");
    let words = lower.split(|c: char| !c.is_alphanumeric()).collect::<Vec<_>>();
    let title = TITLES.iter().any(|title| if title.contains(' ') { lower.contains(title) } else { words.contains(title) }) && words.len() <= 12;
    let firm = FIRMS.iter().any(|firm| if firm.chars().all(char::is_alphanumeric) { words.contains(firm) } else { lower.contains(firm) }) && words.len() <= 12;
    usize::from(label) * 2 + usize::from(title) + usize::from(firm)
}

/// A block of name, title, firm and numbers under the closing.
fn without_card(lines: &[Line<'_>], start: usize, end: usize) -> usize {
    // Up to three paragraphs of short lines may belong to one card.
    let mut top = end;
    for _ in 0..4 {
        let above = paragraph_start(lines, start, without_blanks(lines, start, top));
        let bottom = without_blanks(lines, start, top);
        if above >= bottom {
            break;
        }
        let closing = (above..bottom).find(|at| lines.get(*at).is_some_and(|line| is_closing(&line.text)));
        if let Some(closing) = closing {
            top = closing + 1;
            break;
        }
        let shortish = (above..bottom).all(|at| lines.get(at).is_some_and(|line| line.text.chars().count() <= 110 && !is_sentence(&line.text)));
        if !shortish {
            break;
        }
        top = above;
    }
    let signs: usize = (top..end).filter_map(|at| lines.get(at)).map(|line| card_signs(&line.text)).sum();
    let count = (top..end).filter(|at| lines.get(*at).is_some_and(|line| !line.is_blank())).count();
    // Everything that somebody wrote cannot be a card: with nothing above it, it stays.
    let something_above = (start..top).any(|at| lines.get(at).is_some_and(|line| !line.is_blank()));
    if top < end && something_above && signs >= 3 && count >= 2 && count <= 16 {
        return without_blanks(lines, start, top);
    }
    end
}

const BANNERS: &[&str] = &[
    "[external",
    "external email",
    "external:",
    "external sender",
    "caution: this email",
    "caution: external",
    "caution - external",
    "caution! ",
    "warning: this email",
    "warning: external",
    "this email originated from outside",
    "this email came from outside",
    "this message originated outside",
    "this email was sent from outside",
    "you don't often get email from",
    "you do not often get email from",
    "some people who received this message don't often",
    "⚠",
    "achtung: externe",
    "externe e-mail",
    "attention: ce courriel",
    "attention : ce message provient",
    "exercise caution",
    "rhybudd:",
    "be careful with this message",
    "this sender is not",
];

fn is_banner(text: &str) -> bool {
    let head: String = text.trim().trim_matches(['*', ' ', '|', '_']).chars().take(60).collect::<String>().to_lowercase();
    BANNERS.iter().any(|words| head.starts_with(words))
}

/// Where a banner that a gateway put on top ends: its paragraph.
fn banner_end(lines: &[Line<'_>]) -> usize {
    let Some(first) = lines.iter().position(|line| !line.is_blank()) else { return 0 };
    if !lines.get(first).is_some_and(|line| is_banner(&line.text)) {
        return 0;
    }
    let rest = lines.get(first..).unwrap_or_default();
    let end = first + rest.iter().position(Line::is_blank).unwrap_or(1).max(1);
    // A banner that is not parted from the words takes its own line only.
    if end >= lines.len() { first + 1 } else { end }
}

#[cfg(test)]
mod tests {
    use super::super::plain::read;
    use super::*;
    use crate::domain::inbound::Flow;

    fn kept(text: &str) -> String {
        let lines = read(text, Flow::default());
        let (from, to) = spoken(&lines);
        lines.get(from..to).unwrap().iter().map(|line| line.text.as_ref()).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn footers_and_signatures_go_and_typed_names_stay() {
        assert_eq!(kept("Saw it.\n\nSent from my iPhone"), "Saw it.");
        assert_eq!(kept("Saw it.\n\nThanks,\nJane"), "Saw it.\n\nThanks,\nJane");
        assert_eq!(kept("Saw it.\n-- \nJane Marsh\nBelper"), "Saw it.");
        assert_eq!(
            kept("Saw it.\n\nKind regards,\n\nSue Marsh\nSenior Planner | Amber Valley Council\nTel: 01773 496000\nwww.example.gov"),
            "Saw it.\n\nKind regards,"
        );
        assert_eq!(kept("[EXTERNAL] This came from outside\n\nSaw it."), "Saw it.");
        assert_eq!(kept("Saw it.\n\nThis email and any attachments are confidential.\n\nIf you are not the person, delete it."), "Saw it.");
    }

    #[test]
    fn testimony_in_the_shape_of_a_footer_stays() {
        for text in [
            "Sent from my sister’s phone because mine was in the bag they took!! I was at Duffield.",
            "--\nI stopped writing here because the kettle boiled, now I go on with it.",
            "Helen Marriott\nThe Old Bakery",
            "Mrs Edna Shardlow\n01632 960111",
        ] {
            assert_eq!(kept(text), text);
        }
    }
}
