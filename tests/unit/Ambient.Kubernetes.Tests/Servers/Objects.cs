namespace Ambient.Kubernetes.Tests.Servers;

/// <summary>Objects and events as text.</summary>
public static class Objects
{
    public static string Pod(string name, int version, string node = "n1") =>
        $$$"""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"{{{name}}}","namespace":"ns","uid":"u-{{{name}}}","resourceVersion":"{{{version}}}"},"spec":{"nodeName":"{{{node}}}"},"status":{"podIP":"10.0.0.1"}}""";

    public static string Event(string type, string text) => $$"""{"type":"{{type}}","object":{{text}}}""" + "\n";

    public static string Bookmark(int version) => Event("BOOKMARK", $$$"""{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"{{{version}}}","creationTimestamp":null},"spec":{"containers":null},"status":{}}""");

    public static string Gone() => Event("ERROR", """{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old resource version: 1 (9)","reason":"Expired","code":410}""");
}
