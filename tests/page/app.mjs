// The app under test, as the emulated host has written it down.
import {readFileSync} from 'node:fs';

const {url, keys} = JSON.parse(readFileSync(process.env.PAGE_TEST_READY_FILE, 'utf8'));

export const app = {page: `${url}/api/chat-ui`, key: keys.function};
