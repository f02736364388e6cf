// A telephone made of JsSIP.  `told` collects what happens to it, `calls` its calls.

const told = [];
const calls = [];
let ua;

const Browser = window.RTCPeerConnection;

/** Stands where the browser's audio would: the tests are about signalling, and what we speak is plain RTP. */
class Mute extends EventTarget {
  iceConnectionState = 'connected';
  iceGatheringState = 'complete';
  signalingState = 'stable';
  localDescription = null;

  async describe(type) {
    const lines = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0'];
    lines.push('m=audio 4000 RTP/AVP 0', 'a=rtpmap:0 PCMU/8000', 'a=sendrecv', '');
    return { type, sdp: lines.join('\r\n') };
  }

  createOffer() { return this.describe('offer'); }
  createAnswer() { return this.describe('answer'); }
  async setLocalDescription(description) { this.localDescription = description; }
  async setRemoteDescription() {}
  getSenders() { return []; }
  getReceivers() { return []; }
  close() { this.signalingState = 'closed'; }
}

/** The browser's own words, without its search for networks: where there is but loopback, it never ends. */
class WithoutNetwork extends Mute {
  browser = new Browser();

  createOffer() {
    this.browser.addTransceiver('audio');
    return this.browser.createOffer();
  }

  setRemoteDescription(description) { return this.browser.setRemoteDescription(description); }
}

function tell(what, event) {
  const warning = event?.message?.getHeader?.('Warning');
  told.push([what, event?.originator, event?.cause, warning].filter(Boolean).join(' '));
}

function start(uri, password, server, mute) {
  window.RTCPeerConnection = mute ? Mute : WithoutNetwork;
  ua = new JsSIP.UA({
    sockets: [new JsSIP.WebSocketInterface(server)],
    uri, password, register_expires: 120,
    connection_recovery_min_interval: 1, connection_recovery_max_interval: 2,
  });
  for (const what of ['connected', 'disconnected', 'registered', 'registrationFailed']) {
    ua.on(what, () => tell(what));
  }
  ua.on('newRTCSession', ({ session, originator }) => {
    calls.push(session);
    for (const what of ['confirmed', 'ended', 'failed']) session.on(what, (event) => tell(what, event));
    if (originator === 'remote') {
      tell('called');
      setTimeout(() => session.answer({ mediaConstraints: { audio: false, video: false } }));
    }
  });
  ua.start();
}

function dial(number) {
  ua.call(number, { mediaConstraints: { audio: false, video: false } });
}
