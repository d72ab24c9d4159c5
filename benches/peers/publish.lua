-- wrk: every request publishes the same message. The arguments are its content type and its body.
function init(arguments)
  wrk.method = 'POST'
  wrk.headers['Content-Type'] = arguments[1]
  wrk.body = arguments[2]
end
