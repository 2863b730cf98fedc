namespace Ambient.Tls.Verification;

/// <summary>Identifier octets that certificates use (X.690 section 8.1.2).</summary>
internal static class DerTag
{
    internal const byte Boolean = 0x01;
    internal const byte Integer = 0x02;
    internal const byte BitString = 0x03;
    internal const byte OctetString = 0x04;
    internal const byte Null = 0x05;
    internal const byte ObjectId = 0x06;
    internal const byte UtcTime = 0x17;
    internal const byte GeneralizedTime = 0x18;
    internal const byte Sequence = 0x30;
    internal const byte Version = 0xA0;
    internal const byte IssuerUniqueId = 0x81;
    internal const byte SubjectUniqueId = 0x82;
    internal const byte Extensions = 0xA3;
    internal const byte UriName = 0x86;
}
