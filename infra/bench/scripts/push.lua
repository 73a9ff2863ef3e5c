-- POSTs Pub/Sub push bodies, each with an event that has never been sent before.
-- Arguments: a file of templates, the run's four characters, the first event's time in seconds since 1970.
-- A template is a line: what stands before the event in the body, a tab, the event in base64 but for its id and time
-- and with what follows it in the body. An event is one second later than the one before.
local here = debug.getinfo(1, "S").source:match("@(.*/)")
done = dofile(here .. "report.lua")

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local templates, turn, run, first_s = {}, 0, "", 0

local function base64(text) -- of a multiple of three characters
  return (text:gsub("...", function(three)
    local a, b, c = three:byte(1, 3)
    local bits, out = a * 65536 + b * 256 + c, {}
    for place = 4, 1, -1 do
      local digit = bits % 64
      out[place] = ALPHABET:sub(digit + 1, digit + 1)
      bits = (bits - digit) / 64
    end
    return table.concat(out)
  end))
end

function init(arguments)
  run, first_s = arguments[2], tonumber(arguments[3])
  for line in io.lines(arguments[1]) do
    local head, tail = line:match("^(.-)\t(.*)$")
    templates[#templates + 1] = { head, tail }
  end
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
end

function request()
  local template = templates[turn % #templates + 1]
  local at = os.date("!%Y-%m-%dT%H:%M:%SZ", first_s + turn)
  local opening = string.format('{"event_id":"bench-%s-%09d","occurred_at":"%s",', run, turn, at)
  opening = opening .. string.rep(" ", -#opening % 3)
  turn = turn + 1
  return wrk.format(nil, "/", nil, template[1] .. base64(opening) .. template[2])
end
