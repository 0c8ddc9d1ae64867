//! SMPP 3.4 as bytes: the few PDUs that we speak, written and read. Pure.
//!
//! Source: "Short Message Peer to Peer Protocol Specification v3.4", Issue 1.2: sections 3.2 (header), 4 (PDUs), 5.1 (ids,
//! statuses) and 5.3 (TLVs). Written here because the codecs that there are refuse a whole PDU for an octet that is not ASCII, a
//! date of another length or a TLV cut short, and some lose their place in the stream over it. Carriers send such things, and
//! a witness's words must not be lost over a field that nobody reads.

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Set in the id of every answer.
pub(super) const RESPONSE: u32 = 0x8000_0000;
/// Answers what was not understood.
pub(super) const GENERIC_NACK: u32 = 0x8000_0000;
pub(super) const SUBMIT_SM: u32 = 0x04;
pub(super) const DELIVER_SM: u32 = 0x05;
pub(super) const UNBIND: u32 = 0x06;
pub(super) const BIND_TRANSCEIVER: u32 = 0x09;
pub(super) const OUTBIND: u32 = 0x0b;
pub(super) const ENQUIRE_LINK: u32 = 0x15;
pub(super) const ALERT_NOTIFICATION: u32 = 0x0102;

/// The tags of section 5.3.2 that we read or write.
pub(super) const RECEIPTED_MESSAGE_ID: u16 = 0x001e;
pub(super) const SAR_REFERENCE: u16 = 0x020c;
pub(super) const SAR_TOTAL: u16 = 0x020e;
pub(super) const SAR_NUMBER: u16 = 0x020f;
pub(super) const NETWORK_ERROR_CODE: u16 = 0x0423;
pub(super) const MESSAGE_PAYLOAD: u16 = 0x0424;
pub(super) const MESSAGE_STATE: u16 = 0x0427;

/// Length, id, status and number.
const HEADER: usize = 16;
/// A payload has at most 65,535 octets; what claims to be longer is no PDU.
const LONGEST: usize = 70_000;
/// Version 3.4.
const VERSION: u8 = 0x34;

/// What stands before every body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) command: u32,
    pub(super) status: u32,
    pub(super) sequence: u32,
}

/// A whole PDU.
pub(super) fn write(command: u32, status: u32, sequence: u32, body: &[u8]) -> Bytes {
    let mut pdu = BytesMut::with_capacity(HEADER + body.len());
    pdu.put_u32(u32::try_from(HEADER + body.len()).unwrap_or(u32::MAX));
    pdu.put_u32(command);
    pdu.put_u32(status);
    pdu.put_u32(sequence);
    pdu.put_slice(body);
    pdu.freeze()
}

/// Takes the first whole PDU out of what has come, if there is one. The error is a length that cannot be one.
pub(super) fn cut(buffer: &mut BytesMut) -> Result<Option<Bytes>, u32> {
    let Ok(claimed) = buffer.as_ref().try_get_u32() else { return Ok(None) };
    let length = usize::try_from(claimed).ok().filter(|length| (HEADER..=LONGEST).contains(length)).ok_or(claimed)?;
    if buffer.len() < length {
        buffer.reserve(length - buffer.len());
        return Ok(None);
    }
    Ok(Some(buffer.split_to(length).freeze()))
}

/// The header of a whole PDU.
pub(super) fn header(pdu: &[u8]) -> Option<Header> {
    let mut rest = pdu.get(4..)?;
    Some(Header { command: rest.try_get_u32().ok()?, status: rest.try_get_u32().ok()?, sequence: rest.try_get_u32().ok()? })
}

/// The same PDU with its number taken out, so that a message that is sent again is the same bytes.
pub(super) fn without_number(pdu: &Bytes) -> Bytes {
    header(pdu).map_or_else(|| pdu.clone(), |header| write(header.command, header.status, 0, body(pdu)))
}

pub(super) fn body(pdu: &[u8]) -> &[u8] {
    pdu.get(HEADER..).unwrap_or_default()
}

/// The body of `bind_transceiver` (section 4.1.5).
pub(super) fn bind(system_id: &str, password: &str, system_type: &str) -> Vec<u8> {
    let mut body = Vec::new();
    for text in [system_id, password, system_type] {
        put_text(&mut body, text);
    }
    // No type, plan or range of addresses: the carrier knows which numbers are ours.
    body.extend([VERSION, 0, 0, 0]);
    body
}

/// An address with its type and plan of numbers (sections 5.2.5 and 5.2.6).
pub(super) struct Party<'a> {
    pub(super) ton: u8,
    pub(super) npi: u8,
    pub(super) address: &'a str,
}

/// The body of `submit_sm` (section 4.4.1).
pub(super) struct Submit<'a> {
    pub(super) source: Party<'a>,
    pub(super) destination: Party<'a>,
    pub(super) esm_class: u8,
    /// When to give up, as section 7.1.1 writes it; empty: as the carrier likes.
    pub(super) validity: &'a str,
    pub(super) data_coding: u8,
    pub(super) message: &'a [u8],
    /// Whether the message goes as a TLV: for what is longer than one text.
    pub(super) as_payload: bool,
}

impl Submit<'_> {
    pub(super) fn body(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(64 + self.message.len());
        put_text(&mut body, "");
        for party in [&self.source, &self.destination] {
            body.extend([party.ton, party.npi]);
            put_text(&mut body, party.address);
        }
        // Class, protocol, priority; no time to send, one to give up; a receipt of the end, whatever it is; no replacing; the
        // coding; no text of the carrier's own.
        body.extend([self.esm_class, 0, 0, 0]);
        put_text(&mut body, self.validity);
        body.extend([1, 0, self.data_coding, 0]);
        if self.as_payload {
            let message = self.message.get(..usize::from(u16::MAX)).unwrap_or(self.message);
            body.push(0);
            body.put_u16(MESSAGE_PAYLOAD);
            body.put_u16(u16::try_from(message.len()).unwrap_or(u16::MAX));
            body.extend(message);
        } else {
            // At most 254: no text that fits one message is longer.
            let message = self.message.get(..254).unwrap_or(self.message);
            body.push(u8::try_from(message.len()).unwrap_or(u8::MAX));
            body.extend(message);
        }
        body
    }
}

fn put_text(body: &mut Vec<u8>, text: &str) {
    body.extend(text.bytes().filter(|octet| *octet != 0));
    body.push(0);
}

/// Takes a text that ends with a NUL. What is not ASCII is taken for Latin-1.
pub(super) fn take_text(rest: &mut &[u8]) -> Option<String> {
    let end = rest.iter().position(|octet| *octet == 0)?;
    let text = rest.get(..end)?.iter().map(|octet| char::from(*octet)).collect();
    rest.advance(end + 1);
    Some(text)
}

/// What we read of a `deliver_sm` (section 4.6.1).
pub(super) struct Deliver<'a> {
    pub(super) source_ton: u8,
    pub(super) source: String,
    pub(super) destination_ton: u8,
    pub(super) destination: String,
    pub(super) esm_class: u8,
    pub(super) data_coding: u8,
    short_message: &'a [u8],
    tlvs: Vec<(u16, &'a [u8])>,
}

impl<'a> Deliver<'a> {
    /// Reads a whole PDU; the error names the field that is missing.
    pub(super) fn read(pdu: &'a [u8]) -> Result<Self, &'static str> {
        if header(pdu).is_none_or(|header| header.command != DELIVER_SM) {
            return Err("command_id");
        }
        let mut rest = body(pdu);
        let _service_type = take_text(&mut rest).ok_or("service_type")?;
        let (source_ton, source) = take_party(&mut rest).ok_or("source_addr")?;
        let (destination_ton, destination) = take_party(&mut rest).ok_or("destination_addr")?;
        let esm_class = rest.try_get_u8().map_err(|_| "esm_class")?;
        let _protocol_and_priority = rest.try_get_u16().map_err(|_| "priority_flag")?;
        let _schedule = take_text(&mut rest).ok_or("schedule_delivery_time")?;
        let _validity = take_text(&mut rest).ok_or("validity_period")?;
        let _registered_and_replace = rest.try_get_u16().map_err(|_| "replace_if_present_flag")?;
        let data_coding = rest.try_get_u8().map_err(|_| "data_coding")?;
        let _canned = rest.try_get_u8().map_err(|_| "sm_default_msg_id")?;
        let length = rest.try_get_u8().map_err(|_| "sm_length")?;
        let short_message = take(&mut rest, usize::from(length)).ok_or("short_message")?;
        let mut tlvs = Vec::new();
        while let Some(tlv) = take_tlv(&mut rest) {
            tlvs.push(tlv);
        }
        Ok(Self { source_ton, source, destination_ton, destination, esm_class, data_coding, short_message, tlvs })
    }

    pub(super) fn tlv(&self, tag: u16) -> Option<&'a [u8]> {
        self.tlvs.iter().find(|(known, _)| *known == tag).map(|(_, value)| *value)
    }

    /// The text as it travelled: in `short_message`, or in `message_payload` if it is long.
    pub(super) fn message(&self) -> &'a [u8] {
        let payload = self.tlv(MESSAGE_PAYLOAD).unwrap_or_default();
        if payload.len() > self.short_message.len() { payload } else { self.short_message }
    }
}

fn take_party(rest: &mut &[u8]) -> Option<(u8, String)> {
    let ton = rest.try_get_u8().ok()?;
    let _npi = rest.try_get_u8().ok()?;
    take_text(rest).map(|address| (ton, address))
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(taken)
}

fn take_tlv<'a>(rest: &mut &'a [u8]) -> Option<(u16, &'a [u8])> {
    let tag = rest.try_get_u16().ok()?;
    let length = rest.try_get_u16().ok()?;
    take(rest, usize::from(length)).map(|value| (tag, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pdus_are_cut_out_of_a_stream_however_it_arrives() {
        let sent = [write(ENQUIRE_LINK, 0, 7, &[]), write(SUBMIT_SM | RESPONSE, 0x58, 8, b"abc\0")];
        let stream = sent.concat();
        for piece in 1..stream.len() {
            let (mut buffer, mut seen) = (BytesMut::new(), Vec::new());
            for part in stream.chunks(piece) {
                buffer.extend_from_slice(part);
                while let Some(pdu) = cut(&mut buffer).unwrap() {
                    seen.push(pdu);
                }
            }
            assert_eq!(seen, sent, "in pieces of {piece}");
        }
        assert_eq!(header(&sent[1]), Some(Header { command: SUBMIT_SM | RESPONSE, status: 0x58, sequence: 8 }));
        assert_eq!(take_text(&mut body(&sent[1])).as_deref(), Some("abc"));
    }

    #[test]
    fn a_length_that_cannot_be_one_is_a_fault_and_not_waited_for() {
        for length in [0_u32, 15, 70_001, u32::MAX] {
            assert_eq!(cut(&mut BytesMut::from(&length.to_be_bytes()[..])), Err(length));
        }
        assert_eq!(cut(&mut BytesMut::from(&[0, 0, 0][..])), Ok(None));
    }

    #[test]
    fn a_message_that_is_sent_again_is_the_same_bytes() {
        assert_eq!(without_number(&write(DELIVER_SM, 0, 7, b"x")), without_number(&write(DELIVER_SM, 0, 4_000, b"x")));
    }

    #[test]
    fn a_bind_is_laid_out_as_the_specification_says() {
        assert_eq!(bind("SMPP3TEST", "secret08", "SUBMIT1"), b"SMPP3TEST\0secret08\0SUBMIT1\0\x34\0\0\0");
    }
}
