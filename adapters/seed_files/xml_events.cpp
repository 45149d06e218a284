#include "adapters/seed_files/xml_events.h"

#include <algorithm>
#include <new>

namespace countersign::seed_files {
namespace {

constexpr std::size_t bytes_at_once = 4 * 1024;

std::string_view view(const xmlChar* text) {
  return text == nullptr ? std::string_view() : reinterpret_cast<const char*>(text);
}

}  // namespace

/// What libxml2 calls. Nothing is decided here and nothing thrown: its C code is below.
struct XmlEvents::Callbacks {
  static XmlEvents& of(void* events) {
    auto& self = *static_cast<XmlEvents*>(events);
    self.quiet_ = 0;
    return self;
  }

  static void opened(void* events, const xmlChar* name, const xmlChar*, const xmlChar* name_space, int, const xmlChar**,
                     int count, int, const xmlChar** attributes) noexcept {
    auto& self = of(events);
    if (self.ends_.size() == most_xml_depth) return self.fail("xml-too-deep", "elements are more than 32 deep");
    self.ends_.push_back(self.path_.size());
    if (!self.path_.empty()) self.path_ += '/';
    self.path_ += view(name);
    if (self.path_.size() > most_xml_path_bytes)
      return self.fail("xml-name-too-long", "an element and those around it have names of more than 1 KiB");
    self.text_.clear();
    XmlEvent event{XmlEvent::Kind::opened, self.line(), self.path_, {}, {}, {}};
    if (self.ends_.size() == 1) event.name_space = view(name_space);
    for (int i = 0; i < count; ++i, attributes += 5) {  // name, prefix, namespace, begin and end of the value
      const auto* const begin = reinterpret_cast<const char*>(attributes[3]);
      const auto* const end = reinterpret_cast<const char*>(attributes[4]);
      event.attributes.emplace_back(view(attributes[0]), std::string(begin, end));
    }
    self.events_.push_back(std::move(event));
  }

  static void closed(void* events, const xmlChar*, const xmlChar*, const xmlChar*) noexcept {
    auto& self = of(events);
    if (self.ends_.empty()) return;
    self.events_.push_back({XmlEvent::Kind::closed, self.line(), self.path_, {}, {}, std::move(self.text_)});
    self.text_.clear();
    self.path_.resize(self.ends_.back());
    self.ends_.pop_back();
  }

  static void characters(void* events, const xmlChar* text, int size) noexcept {
    auto& self = of(events);
    const std::string_view more(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
    if (self.text_.size() + more.size() > most_xml_text_bytes)
      return self.fail("xml-text-too-long", "a text is longer than 16 KiB");
    self.text_ += more;
  }

  static void doctype(void* events, const xmlChar*, const xmlChar*, const xmlChar*) noexcept {
    of(events).fail("xml-doctype", "there is a DOCTYPE, which is refused");
  }

  static void comment(void* events, const xmlChar*) noexcept { of(events); }
  static void instruction(void* events, const xmlChar*, const xmlChar*) noexcept { of(events); }
};

XmlEvents::XmlEvents() {
  static const bool once = (xmlInitParser(), true);
  static_cast<void>(once);
  xmlSAXHandler handler{};
  handler.initialized = XML_SAX2_MAGIC;
  handler.startElementNs = &Callbacks::opened;
  handler.endElementNs = &Callbacks::closed;
  handler.characters = handler.ignorableWhitespace = handler.cdataBlock = &Callbacks::characters;
  handler.internalSubset = &Callbacks::doctype;
  handler.comment = &Callbacks::comment;
  handler.processingInstruction = &Callbacks::instruction;
  context_.reset(xmlCreatePushParserCtxt(&handler, this, nullptr, 0, nullptr));
  if (!context_) throw std::bad_alloc();
  xmlCtxtUseOptions(context_.get(), XML_PARSE_NONET);
}

void XmlEvents::feed(std::string_view bytes) {
  fed_.erase(0, parsed_);
  parsed_ = 0;
  fed_ += bytes;
}

bool XmlEvents::next(XmlEvent& event) {
  while (events_.empty())
    if (!parse_some()) return false;
  event = std::move(events_.front());
  events_.pop_front();
  return true;
}

/// False when nothing is left to be parsed.
bool XmlEvents::parse_some() {
  if (failure_ || ended_) return false;
  const auto size = std::min(bytes_at_once, fed_.size() - parsed_);
  if (size == 0 && !finished_) return false;
  ended_ = size == 0;
  quiet_ += size;
  xmlParseChunk(context_.get(), fed_.data() + parsed_, static_cast<int>(size), ended_ ? 1 : 0);
  parsed_ += size;
  if (failure_) return false;
  if (context_->wellFormed == 0 || context_->nsWellFormed == 0) {
    fail("xml-malformed", ended_ ? "the file ends in the middle" : "this is not well-formed XML");
  } else if (quiet_ > most_xml_markup_bytes) {
    fail("xml-markup-too-long", "a tag, a comment or the like is longer than 64 KiB");
  }
  return true;
}

void XmlEvents::fail(std::string code, std::string detail) {
  if (failure_) return;
  failure_ = directory::RecordError{std::move(code), "line " + std::to_string(line()) + ": " + std::move(detail)};
  xmlStopParser(context_.get());
}

std::uint64_t XmlEvents::line() const {
  return context_->input == nullptr ? 0 : static_cast<std::uint64_t>(std::max(0, context_->input->line));
}

}  // namespace countersign::seed_files
