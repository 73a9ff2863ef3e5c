-- GETs one path after the other. Argument: a file with one path a line.
local here = debug.getinfo(1, "S").source:match("@(.*/)")
done = dofile(here .. "report.lua")

local requests, turn = {}, 0

function init(arguments)
  for path in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format("GET", path)
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end
