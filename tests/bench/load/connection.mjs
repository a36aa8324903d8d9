import { connect } from 'node:net';

function nameAndValue(field) {
  const [, name, value] = /^([^:]*):\s*(.*)$/.exec(field);
  return [name.toLowerCase(), value];
}

/** A keep-alive connection on which one request is under way at a time. */
export class Connection {
  #socket;
  #received = Buffer.alloc(0);
  #waiting = null;
  #ended = null;

  constructor(socket) {
    this.#socket = socket;
    socket.on('data', (bytes) => {
      this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
      this.#deliver();
    });
    socket.on('error', (error) => this.#end(error));
    socket.on('close', () => this.#end(new Error('the server has closed the connection')));
  }

  static open(port) {
    return new Promise((resolve, reject) => {
      // From 127.0.0.1 the kernel may choose `port` as the source, too, and the socket be its own peer.
      const socket = connect({ host: '127.0.0.1', port, localAddress: '127.0.0.2', noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new Connection(socket));
      });
    });
  }

  /**
   * The answer to `request`: `{ status, headers, body }`, names in lower case. Rejects if the connection ends first, or
   * the answer has no Content-Length.
   */
  exchange(request) {
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(request);
    });
  }

  close() {
    this.#socket.destroy();
  }

  #end(error) {
    this.#ended ??= error;
    this.#waiting?.reject(this.#ended);
    this.#waiting = null;
  }

  #deliver() {
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd < 0 || !this.#waiting) return;
    const [statusLine, ...fields] = this.#received.toString('latin1', 0, headEnd).split('\r\n');
    const headers = new Map(fields.map((field) => nameAndValue(field)));
    const length = Number(headers.get('content-length'));
    if (!Number.isInteger(length)) {
      this.#end(new Error(`an answer without Content-Length: ${statusLine}`));
      return;
    }
    const end = headEnd + 4 + length;
    if (this.#received.length < end) return;
    const body = this.#received.toString('utf8', headEnd + 4, end);
    this.#received = this.#received.subarray(end);
    const { resolve } = this.#waiting;
    this.#waiting = null;
    resolve({ status: Number(statusLine.split(' ')[1]), headers, body });
  }
}
