using System.Buffers.Binary;
using System.Globalization;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Http;
using Google.Protobuf;

namespace Ambient.Waypoint.Authorization;

/// <summary>One message each way, as gRPC frames it. Pure.</summary>
internal static class GrpcMessage
{
    private const int PrefixLength = 5;

    /// <summary>A message behind its prefix.</summary>
    public static byte[] Frame(IMessage message)
    {
        byte[] framed = new byte[PrefixLength + message.CalculateSize()];
        BinaryPrimitives.WriteUInt32BigEndian(framed.AsSpan(1), (uint)(framed.Length - PrefixLength));
        message.WriteTo(framed.AsSpan(PrefixLength));
        return framed;
    }

    /// <summary>The head of a call.</summary>
    public static void Address(RequestHead head, string authority, string method, TimeSpan timeout)
    {
        head.Method = "POST";
        head.Authority = authority;
        head.SetTarget(method);
        head.Fields.Add("content-type", "application/grpc");
        head.Fields.Add("te", "trailers");
        head.Fields.Add("grpc-timeout", ((long)Math.Min(99_999_999, Math.Max(1, timeout.TotalMilliseconds))).ToString(CultureInfo.InvariantCulture) + "m");
    }

    /// <summary>Whether a call succeeded: the status stands in trailers, or in the head when there is nothing else.</summary>
    public static bool IsGood(ResponseHead head, FieldList? trailers)
    {
        if (head.Status != 200)
        {
            return false;
        }

        return trailers is not null && trailers.TryGet("grpc-status", out ReadOnlySpan<char> status) ? status.SequenceEqual("0")
            : head.Fields.TryGet("grpc-status", out status) && status.SequenceEqual("0");
    }

    /// <summary>The one message of an answer; false when there is another number of them, or it is compressed.</summary>
    public static bool TryOpen(ReadOnlySpan<byte> framed, out ReadOnlySpan<byte> message)
    {
        message = default;
        if (framed.Length < PrefixLength || framed[0] != 0 || BinaryPrimitives.ReadUInt32BigEndian(framed[1..]) != framed.Length - PrefixLength)
        {
            return false;
        }

        message = framed[PrefixLength..];
        return true;
    }
}
