#pragma once
// XML 1.0 cut into elements while it arrives in pieces, by libxml2's push parser and without a tree. Text is that of
// elements without children. Prefixes are dropped and namespaces passed over, but the root's: vendors mix them up.
//
// A DOCTYPE is refused, and with it all entities but the five of XML itself; nothing is fetched from anywhere. Limits:
// 32 elements deep, texts of 16 KiB, tags, comments and the like of 64 KiB. What is wrong is said without quoting the
// file.

#include <libxml/parser.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/directory/directory_reader.h"

namespace countersign::seed_files {

inline constexpr std::size_t most_xml_depth = 32, most_xml_path_bytes = 1024, most_xml_text_bytes = 16 * 1024,
                             most_xml_markup_bytes = 64 * 1024;

struct XmlEvent {
  enum class Kind { opened, closed };
  Kind kind = Kind::opened;
  std::uint64_t line = 0;                                       ///< from 1, where the tag ends
  std::string path;                                             ///< names from the root on, with slashes between
  std::string name_space;                                       ///< when the root opens
  std::vector<std::pair<std::string, std::string>> attributes;  ///< when it opens
  std::string text;                                             ///< when it closes
};

class XmlEvents {
 public:
  XmlEvents();
  XmlEvents(const XmlEvents&) = delete;
  XmlEvents& operator=(const XmlEvents&) = delete;

  void feed(std::string_view bytes);
  void finish() { finished_ = true; }
  /// False: more must be fed, or the end was reached, or failure().
  bool next(XmlEvent& event);
  const std::optional<directory::RecordError>& failure() const { return failure_; }

 private:
  struct Callbacks;
  struct Release {
    void operator()(xmlParserCtxt* context) const { xmlFreeParserCtxt(context); }
  };
  bool parse_some();
  void fail(std::string code, std::string detail);
  std::uint64_t line() const;

  std::unique_ptr<xmlParserCtxt, Release> context_;
  std::string fed_;
  std::size_t parsed_ = 0;  ///< of what was fed
  std::size_t quiet_ = 0;   ///< bytes parsed since something came out
  bool finished_ = false, ended_ = false;
  std::deque<XmlEvent> events_;
  std::vector<std::size_t> ends_;  ///< of the path, for each element that is open
  std::string path_, text_;
  std::optional<directory::RecordError> failure_;
};

}  // namespace countersign::seed_files
