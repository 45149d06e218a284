#include "adapters/http/server/error.h"

namespace countersign::http {
namespace {

struct Row {
  errc error;
  unsigned status;
  const char* code;
  const char* detail;
};

constexpr Row rows[] = {
    {errc::malformed_request, 400, "malformed-request", "The request is not HTTP/1.1 as RFC 9112 defines it."},
    {errc::malformed_target, 400, "malformed-target", "The path or query is broken percent-encoding or not UTF-8."},
    {errc::target_too_long, 414, "target-too-long", "The request target is too long."},
    {errc::header_too_large, 431, "header-too-large", "The header fields are too large."},
    {errc::version_not_supported, 505, "version-not-supported", "Only HTTP/1.0 and HTTP/1.1 are spoken here."},
    {errc::transfer_coding_not_supported, 501, "transfer-coding-not-supported",
     "The only transfer coding understood is chunked."},
    {errc::host_missing, 400, "host-missing", "Exactly one Host header is required."},
    {errc::body_too_large, 413, "body-too-large", "The body is larger than this call accepts."},
    {errc::body_too_slow, 408, "request-timeout", "The body came too slowly."},
    {errc::body_cut_off, 400, "body-incomplete", "The connection ended before the body did."},
    {errc::header_too_slow, 408, "request-timeout", "The request's header came too slowly."},
    {errc::not_streaming, 500, "internal-error", "Something went wrong on our side; the log knows the reference."},
};

const Row* row_of(int value) {
  for (const Row& row : rows) {
    if (static_cast<int>(row.error) == value) return &row;
  }
  return nullptr;
}

// Boost's category has a protected destructor that is not virtual, which g++ takes for a mistake of ours.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
class Category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "countersign.http"; }
  std::string message(int value) const override {
    const Row* const row = row_of(value);
    return row != nullptr ? row->detail : "unknown";
  }
};
#pragma GCC diagnostic pop

Problem problem(unsigned status, const char* code, std::string detail) {
  Problem made;
  made.status = status;
  made.code = code;
  made.detail = std::move(detail);
  return made;
}

}  // namespace

const boost::system::error_category& http_category() {
  static const Category category;
  return category;
}

Problem problem_of(const boost::system::error_code& error) {
  const Row* const row = error.category() == http_category() ? row_of(error.value()) : nullptr;
  return row != nullptr ? problem(row->status, row->code, row->detail) : internal_error();
}

Problem not_found() {
  return problem(404, "not-found", "There is nothing at this path.");
}
Problem method_not_allowed() {
  return problem(405, "method-not-allowed", "This path has other methods, see Allow.");
}

Problem unsupported_media_type(const std::vector<std::string>& accepted) {
  std::string list;
  for (const std::string& type : accepted) list += (list.empty() ? "" : ", ") + type;
  return problem(415, "unsupported-media-type", "The body's Content-Type must be " + list + ".");
}

Problem internal_error() {
  return problem(500, "internal-error", "Something went wrong on our side; the log knows the reference.");
}

Problem overloaded() {
  Problem made = problem(503, "too-many-connections", "The server has as many connections as it may have.");
  made.retry_after_s = 5;
  return made;
}

}  // namespace countersign::http
