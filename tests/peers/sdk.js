// The vendors' own SDKs, asked by the tests whether they sign and believe the same as the gateway (tests/it/sdks.rs).
//
// Takes one JSON object a line on standard input, {"do": name, …}, and answers each with one line, in order: what the command
// gives, or {"error": …}. Ends when standard input does. Nothing here speaks to any host but this one.

'use strict';

const crypto = require('crypto');
const http = require('http');
const https = require('https');
const readline = require('readline');
const { PassThrough } = require('stream');

const jsonwebtoken = require('jsonwebtoken');
const twilio = require('twilio');
const { Auth, AlgorithmTypes } = require('@vonage/auth');
const { tokenGenerate, verifySignature } = require('@vonage/jwt');
const { SMS } = require('@vonage/sms');
const { NotifyClient } = require('notifications-node-client');
const SnsValidator = require('sns-validator');

const { getExpectedTwilioSignature, getExpectedBodyHash, validateRequest, validateRequestWithBody } = require('twilio/lib/webhooks/webhooks');

// What a client of a vendor's posts here: each request is kept for whoever asks next, and answered as `answer` says.
const posted = [];
let answer = {};
const loopback = http.createServer((request, response) => {
    const pieces = [];
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => {
        posted.push({ method: request.method, path: request.url, headers: request.headers, body: Buffer.concat(pieces).toString() });
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
});

// SNS's validator fetches the certificate by address: it gets the one that was made here.
let certificate = '';
https.get = (_address, told) => {
    const response = Object.assign(new PassThrough(), { statusCode: 200 });
    process.nextTick(() => {
        told(response);
        response.end(certificate);
    });
    return response;
};

const der = (tag, ...parts) => {
    const body = Buffer.concat(parts);
    const length = body.length < 128 ? [body.length] : [0x82, body.length >> 8, body.length & 255];
    return Buffer.concat([Buffer.from([tag, ...length]), body]);
};
// RFC 5280: a certificate that its own key signs, with SHA-256 and RSA.
function certify(name, { publicKey, privateKey }) {
    const algorithm = der(0x30, der(0x06, Buffer.from('2a864886f70d01010b', 'hex')), der(0x05));
    const subject = der(0x30, der(0x31, der(0x30, der(0x06, Buffer.from('550403', 'hex')), der(0x0c, Buffer.from(name)))));
    const validity = der(0x30, der(0x18, Buffer.from('20200101000000Z')), der(0x18, Buffer.from('20990101000000Z')));
    const spki = publicKey.export({ type: 'spki', format: 'der' });
    const to_sign = der(0x30, der(0xa0, der(0x02, Buffer.from([2]))), der(0x02, Buffer.from([1])), algorithm, subject, validity, subject, spki);
    const signature = crypto.sign('sha256', to_sign, privateKey);
    const whole = der(0x30, to_sign, algorithm, der(0x03, Buffer.from([0]), signature));
    return `-----BEGIN CERTIFICATE-----\n${whole.toString('base64').match(/.{1,64}/g).join('\n')}\n-----END CERTIFICATE-----\n`;
}

const METHODS = { md5hash: AlgorithmTypes.md5hash, md5: AlgorithmTypes.md5hmac, sha1: AlgorithmTypes.sha1hmac, sha256: AlgorithmTypes.sha256hmac, sha512: AlgorithmTypes.sha512hmac };
let snsKeys;

const commands = {
    twilio_sign: ({ token, url, params }) => ({ signature: getExpectedTwilioSignature(token, url, params) }),
    twilio_hash: ({ body }) => ({ hash: getExpectedBodyHash(body) }),
    twilio_check: ({ token, signature, url, params, body }) => ({
        ok: body === undefined ? validateRequest(token, signature, url, params) : validateRequestWithBody(token, signature, url, body),
    }),
    // The request that its client makes of a text.
    twilio_send: async ({ account, token, message }) => {
        let made;
        const httpClient = { request: async (request) => ((made = request), { statusCode: 201, body: {} }) };
        await twilio(account, token, { httpClient }).messages.create(message);
        const basic = `Basic ${Buffer.from(`${made.username}:${made.password}`).toString('base64')}`;
        return { method: made.method.toUpperCase(), url: made.uri, authorization: made.headers.Authorization || basic, form: made.data };
    },

    // Vonage's library checks such tokens and makes none: it is signed with what it checks by.
    jwt_sign: ({ claims, secret, algorithm }) => ({ token: jsonwebtoken.sign(claims, secret, { algorithm }) }),
    jwt_read: ({ token }) => { const { header, payload } = jsonwebtoken.decode(token, { complete: true }); return { header, payload }; },
    jwt_check: ({ token, secret }) => {
        try {
            return { ok: Boolean(jsonwebtoken.verify(token, secret, { algorithms: ['HS256'] })) };
        } catch (error) {
            return { ok: false, why: String(error) };
        }
    },
    vonage_check: ({ token, secret, private_key }) => ({
        ok: verifySignature(token, secret || crypto.createPublicKey(private_key).export({ type: 'spki', format: 'pem' })),
    }),
    vonage_token: ({ application, private_key }) => ({ token: tokenGenerate(application, private_key) }),
    vonage_basic: async ({ key, secret }) => ({ authorization: await new Auth({ apiKey: key, apiSecret: secret }).createBasicHeader() }),

    // `verifySignature` is what there is: @vonage/auth signs other bytes than @vonage/sms verifies.
    vonage_sms_sign: ({ params, secret, method }) => {
        const text = Object.keys(params).sort().map((key) => `&${key}=${params[key].replace(/[&=]/g, '_')}`).join('');
        const hash = method === 'md5hash' ? crypto.createHash('md5').update(text + secret) : crypto.createHmac(method, secret).update(text);
        return { signature: hash.digest('hex') };
    },
    vonage_sms_check: ({ signature, params, secret, method }) => ({ ok: new SMS(new Auth({})).verifySignature(signature, params, secret, METHODS[method]) }),
    vonage_sms_send: async ({ key, secret, message }) => {
        answer = { messages: [{ status: '0', 'message-id': '1' }] };
        await new SMS(new Auth({ apiKey: key, apiSecret: secret }), { restHost: `http://127.0.0.1:${loopback.address().port}` }).send(message);
        return posted.shift();
    },

    sns_certify: ({ name }) => {
        snsKeys = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
        certificate = certify(name, snsKeys);
        return { certificate };
    },
    sns_sign: ({ text, version }) => ({ signature: crypto.sign(version === '1' ? 'sha1' : 'sha256', Buffer.from(text), snsKeys.privateKey).toString('base64') }),
    sns_check: ({ envelope }) => new Promise((done) => new SnsValidator().validate(envelope, (error) => done({ ok: !error, why: String(error) }))),

    notify_send: async ({ key, template, number, options }) => {
        answer = { id: '1' };
        await new NotifyClient(`http://127.0.0.1:${loopback.address().port}`, key).sendSms(template, number, options);
        return posted.shift();
    },
};

async function main() {
    await new Promise((done) => loopback.listen(0, '127.0.0.1', done));
    for await (const line of readline.createInterface({ input: process.stdin })) {
        const asked = JSON.parse(line);
        let said;
        try {
            said = await commands[asked.do](asked);
        } catch (error) {
            said = { error: String(error) };
        }
        process.stdout.write(JSON.stringify(said) + '\n');
    }
    process.exit(0);
}

main();
