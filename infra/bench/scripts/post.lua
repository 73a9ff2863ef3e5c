-- POSTs one body to /v1/events. Argument: the file that holds it.
local here = debug.getinfo(1, "S").source:match("@(.*/)")
done = dofile(here .. "report.lua")

local body

function init(arguments)
  local file = io.open(arguments[1], "rb")
  local text = file:read("*a")
  file:close()
  body = wrk.format("POST", "/v1/events", { ["Content-Type"] = "application/json" }, text)
end

function request()
  return body
end
