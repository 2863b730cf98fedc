using System.Text;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Controllers.Tests;

/// <summary>Objects from JSON with single quotes, which reads better in tests.</summary>
internal static class Make
{
    public static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    public static T Of<T>(ResourceType<T> type, string json)
        where T : Resource
    {
        Assert.True(type.TryRead(Encoding.UTF8.GetBytes(json.Replace('\'', '"')), out T? made, out ReadProblem? problem), problem?.ToString());
        return made;
    }
}
