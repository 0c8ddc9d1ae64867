// Another's check of the signatures on our mail (tests/it/mail_out.rs): mailauth's.
//
// Takes one JSON object on standard input, {"raw": base64, "records": {name: text}}, and prints a list of {domain, selector,
// algorithm, result}. The DNS is what it is given.

'use strict';

const { dkimVerify } = require('mailauth/lib/dkim/verify');

let input = '';
process.stdin.on('data', (piece) => (input += piece));
process.stdin.on('end', async () => {
    const { raw, records } = JSON.parse(input);
    const resolver = async (name) => {
        if (records[name]) return [[records[name]]];
        throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
    };
    const { results } = await dkimVerify(Buffer.from(raw, 'base64'), { resolver });
    console.log(JSON.stringify(results.map((one) => ({
        domain: one.signingDomain, selector: one.selector, algorithm: one.algo, result: one.status.result,
    }))));
});
