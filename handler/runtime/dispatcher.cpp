#include "runtime/dispatcher.h"

#include "core/result.h"
#include "http/url.h"
#include "runtime/invocation_id.h"
#include "runtime/json_message.h"
#include "runtime/problem.h"

#include <chrono>
#include <exception>
#include <utility>

namespace azf {
namespace {

// Whether nobody but the host itself can have written this request: it addresses the handler by its own address,
// where a forwarded one has the caller's Host, and a proxied one says whom it is for.
bool is_written_by_host(const HttpRequest& request) {
  const auto host = request.headers.get("Host").value_or("");
  return host.substr(0, host.find(':')) == "127.0.0.1" && !request.headers.has("X-Forwarded-For") &&
         !request.headers.has("X-Forwarded-Host");
}

// This is where a function's exceptions end: to its caller they are one more internal error.
template <typename T, typename Function>
Result<T> guarded(Function function) {
  try {
    return function();
  } catch (const std::exception& exception) {
    return Error{ErrorKind::kInternal, std::string("uncaught exception: ") + exception.what()};
  } catch (...) {
    return Error{ErrorKind::kInternal, "uncaught exception of an unknown type"};
  }
}

const Binding* http_output(const FunctionMetadata& metadata) {
  for (const auto& binding : metadata.bindings) {
    if (equal_ignoring_case(binding_type(binding), "http")) return &binding;
  }
  return nullptr;
}

}  // namespace

// One invocation, from its arrival to its line in the log.
class Dispatcher::Call {
 public:
  Call(const Dispatcher& dispatcher, const HttpRequest& request, const Exchange& exchange, std::string_view id,
       const Logger& log)
      : dispatcher_(dispatcher),
        request_(request),
        exchange_(exchange),
        id_(id),
        log_(log),
        begin_(dispatcher.clock_.steady_now()) {}

  HttpResponse run() {
    HttpResponse response = answer();
    if (log_.enabled(LogLevel::kInfo))
      log_end(exchange_.response.begun() ? exchange_.response.status() : response.status);
    return response;
  }

 private:
  void log_end(int status) const {
    const auto duration = dispatcher_.clock_.steady_now() - begin_;
    log_.info(function_ == nullptr ? "no function" : "invocation",
              {function_ == nullptr ? LogField("path", split_target(request_.url).path)
                                    : LogField("function", function_->metadata.name),
               {"method", std::string(to_string(request_.method))},
               {"status", std::to_string(status_ == 0 ? status : status_)},
               {"duration_us", std::to_string(std::chrono::floor<std::chrono::microseconds>(duration).count())}});
  }

  HttpResponse answer() {
    RouteMatch match = dispatcher_.match(request_);
    // With an empty prefix a forwarded request may have the shape of an envelope, and its sender would choose what
    // another function is given. So where both readings are possible, only the host's own hand makes it one.
    const auto* named = find_named_function();
    if (named != nullptr && (match.function == nullptr || is_written_by_host(request_))) {
      auto invocation = parse_invocation(request_.body, named->metadata);
      if (invocation || match.function == nullptr) {
        function_ = named;
        if (!invocation) return problem(with_context(invocation.error(), "not an invocation of the Functions host"));
        return serve_envelope(*invocation);
      }
    }
    if (match.function != nullptr) {
      function_ = match.function;
      return serve_request(request_, exchange_, match.values);
    }
    return unserved(match.allowed_methods);
  }

  // The function that the request is an envelope for, if it is one.
  const Function* find_named_function() const {
    if (request_.method != Method::kPost || !has_json_content(request_.headers)) return nullptr;
    const std::string_view target(request_.url);
    return target.starts_with('/') ? dispatcher_.router_.find(target.substr(1)) : nullptr;
  }

  HttpResponse serve_request(const HttpRequest& request, const Exchange& exchange, const RouteValues& values) {
    const auto& handler = std::get<HttpHandler>(function_->handler);
    auto response = guarded<HttpResponse>([&] { return handler(request, context(values, exchange)); });
    if (response) return std::move(*response);
    if (exchange.response.begun()) exchange.response.break_off();
    return problem(response.error());
  }

  HttpResponse serve_envelope(const Invocation& invocation) {
    InvocationResult result;
    if (std::holds_alternative<HttpHandler>(function_->handler)) {
      if (!invocation.request) {
        return problem({ErrorKind::kInvalidArgument, "the envelope has no value for the HTTP trigger"});
      }
      BufferedExchange exchange(*invocation.request);
      auto response = serve_request(*invocation.request, exchange.streams(), invocation.route_values);
      if (exchange.broken_off()) return reply_with(std::move(response));
      return reply_with(std::move(exchange).response(std::move(response)));
    }
    const auto& handler = std::get<TriggerHandler>(function_->handler);
    auto outcome =
        guarded<InvocationResult>([&] { return handler(invocation, context(invocation.route_values, exchange_)); });
    return outcome ? reply(*outcome) : failure(outcome.error());
  }

  HttpResponse reply(const InvocationResult& result) {
    auto body = to_reply(result, function_->metadata);
    if (!body) return failure(body.error());
    for (const auto& [name, output] : result.outputs) {
      if (const auto* response = std::get_if<HttpResponse>(&output)) status_ = response->status;
    }
    return {.status = 200, .headers = {{"Content-Type", "application/json; charset=utf-8"}}, .body = std::move(*body)};
  }

  HttpResponse reply_with(HttpResponse response) {
    const std::string output(binding_name(*http_output(function_->metadata)));
    return reply({.outputs = {{output, std::move(response)}}});
  }

  // A failed envelope invocation. A caller behind an HTTP trigger gets a problem; for all others the invocation
  // itself must fail, so that the trigger repeats it, and the host takes only the status for that.
  HttpResponse failure(const Error& error) {
    if (http_output(function_->metadata) != nullptr) return reply_with(problem(error));
    log_failure(error, 500);
    return to_response({.status = 500}, id_);
  }

  HttpResponse problem(const Error& error) {
    const auto problem = to_problem(error);
    log_failure(error, problem.status);
    return to_response(problem, id_);
  }

  void log_failure(const Error& error, int status) {
    const std::initializer_list<LogField> fields = {{"function", function_->metadata.name},
                                                    {"kind", std::string(to_string(error.kind))},
                                                    {"reason", error.message}};
    if (status >= 500) {
      log_.error("function failed", fields);
    } else {
      log_.info("request refused", fields);
    }
  }

  HttpResponse unserved(const std::vector<Method>& allowed_methods) const {
    if (allowed_methods.empty()) return to_response({.status = 404, .detail = "No function has this route."}, id_);
    std::string allowed;
    for (const auto method : allowed_methods) {
      if (!allowed.empty()) allowed += ", ";
      allowed += to_string(method);
    }
    auto response = to_response({.status = 405, .detail = "The function does not take this method."}, id_);
    response.headers.set("Allow", std::move(allowed));
    return response;
  }

  [[nodiscard]] InvocationContext context(const RouteValues& values, const Exchange& exchange) const {
    const auto timeout = dispatcher_.configuration_.settings().function_timeout;
    return {.function_name = function_->metadata.name,
            .invocation_id = id_,
            .route_values = values,
            .deadline = timeout ? Deadline::at(begin_ + *timeout) : Deadline::never(),
            .log = log_,
            .exchange = exchange,
            .functions = dispatcher_.router_.functions()};
  }

  const Dispatcher& dispatcher_;
  const HttpRequest& request_;
  const Exchange& exchange_;
  const std::string_view id_;
  const Logger& log_;
  const SteadyTime begin_;

  const Function* function_ = nullptr;
  int status_ = 0;  ///< of the response inside an envelope; 0 if there is none
};

Dispatcher::Dispatcher(const Router& router, const HostConfiguration& configuration, const Clock& clock,
                       const Logger& log, GuidSource new_invocation_id)
    : router_(router),
      configuration_(configuration),
      clock_(clock),
      log_(log),
      new_invocation_id_(std::move(new_invocation_id)) {}

bool Dispatcher::is_probe(const HttpRequest& request) {
  return request.method == Method::kGet && request.url == "/" && !request.headers.has(kInvocationIdHeader);
}

bool Dispatcher::streams_body(const HttpRequest& request) const {
  const auto* function = match(request).function;
  const auto* trigger = function == nullptr ? nullptr : http_trigger(function->metadata);
  return trigger != nullptr && trigger->streams_body;
}

RouteMatch Dispatcher::match(const HttpRequest& request) const {
  const auto path = split_target(request.url).path;
  if (!path.starts_with('/')) return {};
  const auto route = strip_prefix(path, configuration_.settings().route_prefix);
  return route ? router_.match(request.method, *route) : RouteMatch{};
}

HttpResponse Dispatcher::handle(const HttpRequest& request, const Exchange& exchange) const {
  if (is_probe(request)) return {};
  const auto given = invocation_id(request.headers);
  const std::string id = given ? std::string(*given) : new_invocation_id_();
  const Logger log = log_.with("invocation_id", id);
  return Call(*this, request, exchange, id, log).run();
}

}  // namespace azf
