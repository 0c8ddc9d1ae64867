//! `[pure]` The files inside Outlook's winmail.dat (MS-OXTNEF), with their long names from the MAPI properties beside them.

use super::files::file_name;
use crate::domain::inbound::MailAttachment;

/// More records than any honest stream has.
const MOST: usize = 10_000;
/// PidTagAttachLongFilename and PidTagAttachFilename (MS-OXPROPS).
const LONG_NAME: u16 = 0x3707;
const SHORT_NAME: u16 = 0x3704;

/// Unpacks what can be read.
pub(super) fn unpack(stream: &[u8]) -> Vec<MailAttachment> {
    let Ok(reader) = tnef::TnefReader::new(stream) else {
        return Vec::new();
    };
    let code_page = u16::try_from(reader.get_code_page()).ok().and_then(codepage::to_encoding).unwrap_or(encoding_rs::WINDOWS_1252);
    let mut files: Vec<File<'_>> = Vec::new();
    for attribute in reader.take(MOST) {
        // What follows a broken record cannot be told apart; what came before it is good.
        let Ok((tnef::AttributeId::Attachment(id), bytes)) = attribute else { continue };
        if id == tnef::AttachAttrId::AttachRendData {
            files.push(File::default());
            continue;
        }
        let Some(file) = files.last_mut() else { continue };
        match id {
            tnef::AttachAttrId::Title => file.title = code_page.decode(bytes.strip_suffix(&[0]).unwrap_or(bytes)).0.into_owned(),
            tnef::AttachAttrId::Data => file.data = bytes,
            tnef::AttachAttrId::Attachment => file.long_name = name_in(bytes, code_page),
            _ => {}
        }
    }
    files
        .into_iter()
        .filter(|file| !file.data.is_empty())
        .enumerate()
        .map(|(index, file)| MailAttachment {
            filename: file_name(file.long_name.as_deref().unwrap_or(&file.title), index),
            content_type: infer::get(file.data).map_or("application/octet-stream", |kind| kind.mime_type()).to_owned(),
            bytes: file.data.to_vec(),
            decorative: false,
            content_id: None,
        })
        .collect()
}

#[derive(Default)]
struct File<'a> {
    title: String,
    long_name: Option<String>,
    data: &'a [u8],
}

/// The file name among MAPI properties (MS-OXTNEF 2.1.3.4).
fn name_in(bytes: &[u8], code_page: &'static encoding_rs::Encoding) -> Option<String> {
    let mut rest = Bytes(bytes);
    let count = rest.u32()?;
    let mut short = None;
    for _ in 0..count.min(500) {
        let (kind, id) = (rest.u16()?, rest.u16()?);
        if id >= 0x8000 {
            rest.take(16)?;
            if rest.u32()? == 0 {
                rest.take(4)?;
            } else {
                let length = rest.u32()?;
                rest.padded(length)?;
            }
        }
        let many = kind & 0x1000 != 0;
        let values = if many || matches!(kind & 0xfff, 0x1e | 0x1f | 0x0d | 0x102) { rest.u32()? } else { 1 };
        for _ in 0..values.min(500) {
            let value = match kind & 0xfff {
                0x02 | 0x03 | 0x04 | 0x0a | 0x0b => rest.take(4)?,
                0x05 | 0x06 | 0x07 | 0x14 | 0x40 => rest.take(8)?,
                0x48 => rest.take(16)?,
                0x1e | 0x1f | 0x0d | 0x102 => {
                    let length = rest.u32()?;
                    rest.padded(length)?
                }
                _ => return short,
            };
            let text = match kind {
                0x1f => encoding_rs::UTF_16LE.decode_without_bom_handling(value).0,
                0x1e => code_page.decode_without_bom_handling(value).0,
                _ => continue,
            };
            let name = text.trim_end_matches('\0').to_owned();
            match id {
                LONG_NAME if !name.is_empty() => return Some(name),
                SHORT_NAME if !name.is_empty() => short = Some(name),
                _ => {}
            }
        }
    }
    short
}

/// Little-endian bytes, never read past their end.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    /// So many bytes, and what fills them up to four.
    fn padded(&mut self, length: u32) -> Option<&'a [u8]> {
        let length = usize::try_from(length).ok()?;
        let value = self.take(length)?;
        self.take(length.next_multiple_of(4) - length)?;
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn any_stream_is_read_or_left(bytes in proptest::collection::vec(0_u8..=255, 0..400)) {
            let _any = unpack(&bytes);
            let mut stream = vec![0x78, 0x9f, 0x3e, 0x22, 1, 0];
            stream.extend(&bytes);
            let _signed = unpack(&stream);
            let _properties = name_in(&bytes, encoding_rs::WINDOWS_1252);
        }
    }
}
