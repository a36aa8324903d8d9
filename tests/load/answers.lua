-- For wrk: sends one request again and again, and ends with exit code 1 if an answer is not 200 with the given text in
-- its body, if a connection failed, or if nothing was answered.
--
--   wrk ... URL -- TEXT_IN_THE_ANSWER [METHOD [BODY_FILE [HEADER...]]]

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(arguments)
  wrong = 0
  first_wrong = ""
  expected = arguments[1]
  wrk.method = arguments[2] or "GET"
  if arguments[3] and arguments[3] ~= "" then
    local file = assert(io.open(arguments[3], "rb"))
    wrk.body = file:read("*a")
    file:close()
  end
  for i = 4, #arguments do
    local name, value = string.match(arguments[i], "^([^:]+): (.*)$")
    wrk.headers[name] = value
  end
end

function response(status, headers, body)
  if status == 200 and string.find(body, expected, 1, true) then return end
  if wrong == 0 then first_wrong = status .. " " .. string.sub(body, 1, 200) end
  wrong = wrong + 1
end

function done(summary, latency)
  local wrong, first_wrong = 0, ""
  for _, thread in ipairs(threads) do
    wrong = wrong + thread:get("wrong")
    if first_wrong == "" then first_wrong = thread:get("first_wrong") end
  end
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format("%d answers, %d wrong, %d connections failed, worst %d ms\n",
    summary.requests, wrong, failed, latency.max / 1000))
  if wrong > 0 then io.write("the first wrong one: " .. first_wrong .. "\n") end
  if failed > 0 then
    io.write(string.format("failed: %d connect, %d read, %d write, %d timeout\n",
      errors.connect, errors.read, errors.write, errors.timeout))
  end
  if wrong + failed > 0 or summary.requests == 0 then os.exit(1) end
end
