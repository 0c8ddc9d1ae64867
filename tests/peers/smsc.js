// A message centre for the tests of provider `smpp`, made of npm's `smpp`: an implementation that is none of ours.
//
// Prints what happens, one JSON object a line, beginning with {"event":"listening","port":…}; takes commands the same way on
// standard input, and ends when that does. Each command is told of by {"event":"done","do":…} once it is carried out.
//
//   {"do":"answer","statuses":[88,…]}   the next submissions get these statuses; after them 0 again
//   {"do":"hold"} / {"do":"release"}    submissions are not answered / are answered again, those held back first
//   {"do":"bind_status","status":14}    binds get this status; 0: they are taken
//   {"do":"deliver","pdu":{…}}          a deliver_sm; its answer is {"event":"delivered","tag":…,"status":…}
//   {"do":"enquire"}                    an enquire_link, done when it is answered; "waiting" tells the tags of what was
//                                       delivered and not answered by then
//   {"do":"drop"}                       every connection breaks
//   {"do":"unbind"}                     every bind is ended, done when that is answered

'use strict';

const readline = require('readline');
const smpp = require('smpp');

const say = (event) => process.stdout.write(JSON.stringify(event) + '\n');
const text = (value) => (Buffer.isBuffer(value) ? { hex: value.toString('hex') } : value);

const sessions = new Set();
const waiting = new Set();
const held = [];
let statuses = [];
let bindStatus = 0;
let holding = false;
let messages = 0;

function answer(session, pdu) {
    const status = statuses.shift() || 0;
    // Hexadecimal, padded and in capitals, as many a message centre writes it.
    const id = (0xab00 + ++messages).toString(16).toUpperCase().padStart(8, '0');
    const message = pdu.short_message || {};
    const payload = pdu.message_payload || {};
    say({
        event: 'submitted', id, status, source: pdu.source_addr, source_ton: pdu.source_addr_ton, destination: pdu.destination_addr,
        esm_class: pdu.esm_class, data_coding: pdu.data_coding, registered_delivery: pdu.registered_delivery,
        udh: (message.udh || []).map((element) => element.toString('hex')), text: text(message.message), payload: text(payload.message),
    });
    session.send(pdu.response(status ? { command_status: status } : { message_id: id }));
}

const server = smpp.createServer((session) => {
    session.on('error', (error) => say({ event: 'error', detail: String(error) }));
    session.on('close', () => {
        sessions.delete(session);
        waiting.clear();
        say({ event: 'closed' });
    });
    session.on('bind_transceiver', (pdu) => {
        say({ event: 'bind', system_id: pdu.system_id, password: pdu.password, system_type: pdu.system_type, version: pdu.interface_version, status: bindStatus });
        session.send(pdu.response({ command_status: bindStatus }));
        if (bindStatus === 0) {
            sessions.add(session);
        }
    });
    session.on('submit_sm', (pdu) => (holding ? (held.push([session, pdu]), say({ event: 'held' })) : answer(session, pdu)));
    session.on('enquire_link', (pdu) => {
        say({ event: 'enquired' });
        session.send(pdu.response());
    });
    session.on('unbind', (pdu) => {
        say({ event: 'unbound' });
        session.send(pdu.response(), () => session.close());
    });
    session.on('unknown', (pdu) => session.send(pdu.response()));
});

const commands = {
    answer: (command) => { statuses = command.statuses; },
    hold: () => { holding = true; },
    release: () => {
        holding = false;
        held.splice(0).forEach(([session, pdu]) => answer(session, pdu));
    },
    bind_status: (command) => { bindStatus = command.status; },
    deliver: ({ tag, pdu }) => {
        if (pdu.hex !== undefined) {
            pdu.short_message = Buffer.from(pdu.hex, 'hex');
            delete pdu.hex;
        }
        if (pdu.udh !== undefined) {
            pdu.short_message = { udh: Buffer.from(pdu.udh, 'hex'), message: pdu.short_message };
            delete pdu.udh;
        }
        waiting.add(tag);
        for (const session of sessions) {
            session.deliver_sm(pdu, (answered) => {
                waiting.delete(tag);
                say({ event: 'delivered', tag, status: answered.command_status });
            });
        }
    },
    enquire: (_command, done) => {
        for (const session of sessions) {
            session.enquire_link({}, () => done({ waiting: [...waiting] }));
        }
    },
    drop: () => sessions.forEach((session) => session.destroy()),
    unbind: (_command, done) => sessions.forEach((session) => session.unbind({}, () => done({}))),
};

server.on('error', (error) => {
    say({ event: 'error', detail: String(error) });
    process.exit(1);
});
server.listen(0, '127.0.0.1', () => say({ event: 'listening', port: server.address().port }));

readline.createInterface({ input: process.stdin }).on('line', (line) => {
    const command = JSON.parse(line);
    const done = (more) => say({ event: 'done', do: command.do, ...more });
    commands[command.do](command, done);
    // With a second parameter it says itself when it is done.
    if (commands[command.do].length < 2) {
        done({});
    }
}).on('close', () => process.exit(0));
