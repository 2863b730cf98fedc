using Ambient.Routing.Formats;

namespace Ambient.Routing.Tests.Formats;

public sealed class LogTemplateTests
{
    [Fact]
    public void TheUsualFormats_AreSupported()
    {
        Assert.True(LogTemplate.TryParse(LogTemplate.UsualText, out LogTemplate? template, out string? error), error);
        Assert.Equal(25, template.Parts.Count);
        Assert.All(LogTemplate.UsualFields, field => Assert.True(LogTemplate.TryParse(field.Value, out _, out string? why), why));
    }

    [Fact]
    public void Commands_HaveArguments_Alternatives_AndLengths()
    {
        Assert.True(LogTemplate.TryParse("a%%b %REQ(X-A?:Path):12% %START_TIME(%Y-%m)% %CEL(size(request.path) > 1)%!", out LogTemplate? template, out string? error), error);
        Assert.Equal(("a%b ", LogCommand.RequestField, "x-a", ":path", 12), (template.Parts[0].Literal, template.Parts[0].Command, template.Parts[0].Argument, template.Parts[0].Alternative, template.Parts[0].MaxLength));
        Assert.Equal((LogCommand.StartTime, "%Y-%m"), (template.Parts[1].Command, template.Parts[1].Argument));
        Assert.Equal("size(request.path) > 1", template.Parts[2].Expression!.Text);
        Assert.Equal("!", template.Parts[3].Literal);
    }

    [Theory]
    [InlineData("%NONSENSE%", "%NONSENSE% is not supported")]
    [InlineData("%DYNAMIC_METADATA(istio:x)%", "%DYNAMIC_METADATA% is not supported")]
    [InlineData("100% sure", "a percent sign is written %%")]
    [InlineData("%", "a percent sign is written %%")]
    [InlineData("%REQ%", "%REQ% needs an argument")]
    [InlineData("%REQ()%", "%REQ% needs an argument")]
    [InlineData("%REQ(a", "has no end")]
    [InlineData("%PROTOCOL(a)%", "%PROTOCOL% has no argument")]
    [InlineData("%PROTOCOL:x%", "is no command")]
    [InlineData("%CEL(nonsense)%", "'nonsense' at 0 is no attribute")]
    public void WhatIsNotSupported_IsSaid(string text, string error)
    {
        Assert.False(LogTemplate.TryParse(text, out _, out string? actual));
        Assert.Contains(error, actual, StringComparison.Ordinal);
    }

    [Fact]
    public void AnyText_IsReadOrRefused()
    {
        int seed = Environment.TickCount;
        Random random = new(seed);
        string[] words = ["%", "%%", "REQ", "(", ")", "X-A", "?", ":", "12", "PROTOCOL", "START_TIME", "%Y", " ", "CEL(request.path)", "\n"];
        for (int i = 0; i < 20_000; i++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(1, 9)).Select(_ => words[random.Next(words.Length)]));
            if (!LogTemplate.TryParse(text, out _, out string? error))
            {
                Assert.False(string.IsNullOrEmpty(error), $"seed {seed}: '{text}'");
            }
        }
    }
}
