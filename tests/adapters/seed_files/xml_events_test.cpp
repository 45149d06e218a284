// XML in pieces: what comes out, and the limits that files of strangers must not pass.

#include "adapters/seed_files/xml_events.h"

#include <gtest/gtest.h>

namespace countersign::seed_files {
namespace {

struct Outcome {
  std::vector<std::string> events;
  std::string failure, detail;
};

Outcome read(std::string_view bytes, std::size_t piece = std::string::npos) {
  XmlEvents xml;
  Outcome outcome;
  XmlEvent event;
  const auto take_all = [&] {
    while (xml.next(event)) {
      auto text = std::string(event.kind == XmlEvent::Kind::opened ? "<" : ">") + event.path;
      for (const auto& [name, value] : event.attributes) text.append(" ").append(name).append("=").append(value);
      outcome.events.push_back(text + (event.text.empty() ? "" : " " + event.text));
    }
  };
  for (std::size_t at = 0; at < bytes.size(); at += std::min(piece, bytes.size())) {
    xml.feed(bytes.substr(at, piece));
    take_all();
  }
  xml.finish();
  take_all();
  if (xml.failure()) {
    outcome.failure = xml.failure()->code;
    outcome.detail = xml.failure()->detail;
  }
  return outcome;
}

using Events = std::vector<std::string>;

TEST(XmlEvents, AreElementsWithTheirPathsAttributesAndTexts) {
  const std::string file =
      "<?xml version='1.0'?><!-- c --><a x='1' y='&lt;\xc3\xa4'>t<p:b xmlns:p='u' p:z='&#65;'>"
      "<![CDATA[<&]]>&amp;u<!-- v -->w</p:b><c/><?php x?></a>\n";
  const Events expected{"<a x=1 y=<\xc3\xa4", "<a/b z=A", ">a/b <&&uw", "<a/c", ">a/c", ">a"};
  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{5}, std::string::npos}) {
    const auto outcome = read(file, piece);
    EXPECT_EQ(outcome.events, expected);
    EXPECT_EQ(outcome.failure, "");
  }
}

TEST(XmlEvents, OtherEncodingsAreTurnedIntoUtf8) {
  EXPECT_EQ(read("<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe4</a>").events, (Events{"<a", ">a \xc3\xa4"}));
  std::string utf16("\xff\xfe", 2);
  for (const char c : std::string("<a>b</a>")) utf16.append({c, '\0'});
  for (const std::size_t piece : {std::size_t{1}, std::string::npos})
    EXPECT_EQ(read(utf16, piece).events, (Events{"<a", ">a b"}));
}

TEST(XmlEvents, EntitiesAndExternalFilesAreRefused) {
  const std::string table[] = {"<!DOCTYPE a><a/>",
                               "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
                               "<!DOCTYPE a PUBLIC '-//x' 'http://127.0.0.1:9/x.dtd'><a/>",
                               "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
                               "<!DOCTYPE a [<!ENTITY x 'lol'><!ENTITY y '&x;&x;&x;&x;&x;&x;'>]><a>&y;</a>",
                               "<!DOCTYPE a [<!ENTITY % p SYSTEM 'http://127.0.0.1:9/'>%p;]><a/>",
                               "<!DOCTYPE a [<!ATTLIST a x CDATA 'default'>]><a/>"};
  for (const auto& file : table) {
    for (const std::size_t piece : {std::size_t{1}, std::string::npos}) {
      const auto outcome = read(file, piece);
      EXPECT_EQ(outcome.failure, "xml-doctype") << file;
      EXPECT_TRUE(outcome.events.empty()) << file;
    }
  }
}

std::string nested(std::size_t depth) {
  std::string file;
  for (std::size_t i = 0; i < depth; ++i) file += "<a>";
  for (std::size_t i = 0; i < depth; ++i) file += "</a>";
  return file;
}

TEST(XmlEvents, DepthAndSizesAreBounded) {
  EXPECT_EQ(read(nested(most_xml_depth)).failure, "");
  EXPECT_EQ(read(nested(most_xml_depth + 1)).failure, "xml-too-deep");
  EXPECT_EQ(read(nested(100'000)).failure, "xml-too-deep");
  const std::string name(most_xml_path_bytes - 2, 'x');
  EXPECT_EQ(read("<a><" + name + "/></a>").failure, "");
  EXPECT_EQ(read("<a><" + name + "x/></a>").failure, "xml-name-too-long");
  const std::string text(most_xml_text_bytes, 'x');
  EXPECT_EQ(read("<a>" + text + "</a>").failure, "");
  EXPECT_EQ(read("<a>" + text + "x</a>").failure, "xml-text-too-long");
  EXPECT_EQ(read("<a><![CDATA[" + text + "x]]></a>").failure, "xml-text-too-long");
  EXPECT_EQ(read("<a><b/>" + text + "<b/>" + text + "</a>").failure, "");
  const std::string markup(most_xml_markup_bytes + 8'192, 'x');
  EXPECT_EQ(read("<a b='" + markup + "'/>").failure, "xml-markup-too-long");
  EXPECT_EQ(read("<a><!--" + markup + "--></a>").failure, "xml-markup-too-long");
  EXPECT_EQ(read("<a><?" + markup + "?></a>").failure, "xml-markup-too-long");
  EXPECT_EQ(read("<" + markup + "/>").failure, "xml-markup-too-long");
  EXPECT_EQ(read("<!DOCTYPE " + markup + ">").failure, "xml-markup-too-long");
}

TEST(XmlEvents, WhatIsMalformedIsSaidWithItsLineAndNotQuoted) {
  const auto outcome = read("<a>\n<b>\nSECRET\n</c></a>");
  EXPECT_EQ(outcome.failure, "xml-malformed");
  EXPECT_EQ(outcome.detail, "line 4: this is not well-formed XML");
  const std::string table[] = {"",
                               "x",
                               "<",
                               "<a",
                               "<a>",
                               "<a></b>",
                               "</a>",
                               "<a/><a/>",
                               "<a b='1' b='2'/>",
                               "<a>\xff</a>",
                               "<a>&#0;</a>",
                               "<a>&x;</a>",
                               "<a>]]></a>",
                               "<p:a/>",
                               std::string("<a>\0</a>", 8)};
  for (const auto& file : table)
    for (const std::size_t piece : {std::size_t{1}, std::string::npos})
      EXPECT_EQ(read(file, piece).failure, "xml-malformed") << file;
}

}  // namespace
}  // namespace countersign::seed_files
